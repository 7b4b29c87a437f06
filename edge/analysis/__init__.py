"""What is visible on a photograph's skin: findings, their region, and colour measures per region.

Start at `pipeline.AnalysisPipeline`; `domain` holds what it returns.
"""

"""Who fills a place that has become free: entries, ranking, offers that hold their place until they are answered.

Start at `domain.py` (entries and offers), `waitlist.py` (the aggregate), `due.py` (what is to be done now) and `why.py`
(why nothing can be). All of it is pure; `edge/schedule/waitlist_book.py` reads and writes.
"""

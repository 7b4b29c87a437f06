"""Networks that outline one feature in a crop; start at `build.build_segmenter`."""

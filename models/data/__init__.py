"""Readers of the lesion data set and its augmentation; start at `lesions.read_split`."""

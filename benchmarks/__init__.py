"""What `make bench` measures: ratios within one run, never a bare time that only this machine knows."""

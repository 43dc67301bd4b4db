"""One file per service: translate, nothing else."""

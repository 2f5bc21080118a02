$offing list --json=yes gpus

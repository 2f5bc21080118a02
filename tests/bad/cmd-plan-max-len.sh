$offing plan support/plan.yaml --prompt 500 --output 13 -s instances.gpu.max_len=512

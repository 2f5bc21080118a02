$offing plan support/plan.yaml -s instances.gpu.max_batch=5000

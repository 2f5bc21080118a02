$offing plan support/plan.yaml --batch 0

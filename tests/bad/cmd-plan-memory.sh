$offing plan support/plan.yaml --batch 100 --output 500

$offing plan support/plan.yaml --instance queue

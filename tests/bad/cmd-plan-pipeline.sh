$offing plan support/plan.yaml --instance two

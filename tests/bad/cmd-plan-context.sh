$offing plan support/plan.yaml --prompt 4000 --output 97

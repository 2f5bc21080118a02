$offing optimum ../../scenarios/separated.yaml --tasks 5

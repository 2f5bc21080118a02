exec "$offing" validate --precision 60%

exec "$offing" validate mm1-90 jakson

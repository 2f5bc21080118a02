t=$(mktemp -d) && trap 'rm -rf "$t"' EXIT
printf 't_s,rate\n0,1000000\n1,2000000\n' >"$t/r.csv"
sed "s|rate: 1 Mbps, up.*|trace: {file: $t/r.csv, format: rate, repeat: 1 s}}|" link-schedule-for-ever.yaml >"$t/s.yaml"
cd "$t" && "$offing" check s.yaml

# a pipe nobody writes to is not waited for
dir=$(mktemp -d)
mkfifo "$dir/p.so"
good=$PWD/support/good.yaml
(cd "$dir" && timeout 10 "$offing" check --plugin ./p.so "$good")
status=$?
rm -r "$dir"
exit $status

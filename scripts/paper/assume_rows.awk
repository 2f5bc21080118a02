# assumptions.csv with tabs between the fields and - for an empty one
FNR == 1 {
	n_names = split($0, name, ",")
	next
}
{
	fields($0)
	for (i = 1; i <= n_names; i++)
		printf "%s%s", f[name[i]] == "" ? "-" : f[name[i]], i < n_names ? "\t" : "\n"
}

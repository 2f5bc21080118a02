# assumptions.csv with tabs between the fields and - for an empty one
{
	for (i = 1; i <= n_names; i++)
		printf "%s%s", f[name[i]] == "" ? "-" : f[name[i]], i < n_names ? "\t" : "\n"
}

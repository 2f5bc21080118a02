# Tables by column names, for the awk scripts beside this one: what a reader sets per file is name[],
# n_names; what it gets per line is f[].
BEGIN { FS = "," }

# The file's name without folder and ".csv".
function file_name(s)
{
	s = FILENAME
	sub(/.*\//, "", s)
	sub(/\.csv$/, "", s)
	return s
}

# Fields of a line of CSV, quotes and commas within them: into part[1..n].
function split_csv(s, part, n, t)
{
	for (n = 1; ; n++) {
		if (s ~ /^"/) {
			match(s, /^"([^"]|"")*"/)
			t = substr(s, 2, RLENGTH - 2)
			gsub(/""/, "\"", t)
		} else {
			match(s, /^[^,]*/)
			t = substr(s, 1, RLENGTH)
		}
		part[n] = t
		s = substr(s, RLENGTH + 1)
		if (s == "")
			return n
		s = substr(s, 2)
	}
}

# The line as f[], by the names of its file.
function fields(line, part, i)
{
	delete f
	split_csv(line, part)
	for (i = 1; i <= n_names; i++)
		f[name[i]] = part[i]
}

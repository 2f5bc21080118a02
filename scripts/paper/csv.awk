# Tables by column names, for the awk scripts beside this one, which stand behind it:
#	awk -f csv.awk -f READER TABLE...
# They see no line of names, but of every other one its fields as f[] and the name of its table in `file`;
# name[1..n_names] are the columns in their order.
FNR == 1 {
	file = file_name()
	n_names = split($0, name, ",")
	next
}
{ fields($0) }

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
function fields(text, part, i)
{
	delete f
	split_csv(text, part)
	for (i = 1; i <= n_names; i++)
		f[name[i]] = part[i]
}

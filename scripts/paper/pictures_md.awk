# Each picture of results/paper/ as Markdown, with its caption of results/README.md, which is the picture's own text
# and the paragraph below it, or what its table of files says.
#	awk -f pictures_md.awk NAMES README.md
FNR == NR {
	names[++n] = $1
	next
}
/^\| / {
	split($0, cell, / *\| */)
	sub(/; script, data.*$/, "", cell[3])
	for (i = 1; i <= n; i++)
		if (!(names[i] in row) && index(cell[2], names[i] "."))
			row[names[i]] = cell[3]
}
/^!\[/ {
	picture = $0
	sub(/^.*\(paper\//, "", picture)
	sub(/\.png\).*$/, "", picture)
	words[picture] = $0
	sub(/^!\[/, "", words[picture])
	sub(/\]\(.*$/, "", words[picture])
	next
}
/^#/ { picture = "" }
picture != "" { below[picture] = below[picture] "\n" $0 }
END {
	print "# Pictures"
	for (i = 1; i <= n; i++) {
		name = names[i]
		if (!(name in words) && !(name in row)) {
			print "pictures_md.awk: no caption of " name " in " FILENAME >"/dev/stderr"
			exit 1
		}
		print "\n![" (name in words ? words[name] : row[name]) "](paper/" name ".svg)"
		if (name in below)
			print below[name]
	}
}

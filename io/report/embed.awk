# Runs at build time: turns a file of text into C that defines it as a string.
#	awk -v name=report_style -v header=io/report/style.h -f embed.awk style.gp >style.c
BEGIN { printf "#include \"%s\"\n\nconst char %s[] =\n", header, name }
{
	gsub(/\\/, "\\\\\\\\")
	gsub(/"/, "\\\"")
	gsub(/\t/, "\\t")
	printf "\t\"%s\\n\"\n", $0
}
END { print "\t\"\";" }

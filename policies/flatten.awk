# Print a header with the project's own headers that it includes written out in their place, each
# once, so that the result needs none of them. Usage: awk -v root=DIR -f flatten.awk FILE
function emit(path, line, name) {
	if (path in seen)
		return
	seen[path] = 1
	while ((getline line < path) > 0) {
		if (line ~ /^#include "/) {
			name = line
			gsub(/^#include "|".*$/, "", name)
			emit(root "/" name)
		} else if (line !~ /^#include </ || !(line in seen)) {
			seen[line] = 1
			print line
		}
	}
	close(path)
}

BEGIN {
	emit(ARGV[1])
}

# Who may see whom: the picture of docs/design.md, for lint_layers (includes) and lint_calls (symbols).
#
# A room is a folder (or one file); a file belongs to the room with the longest name that its path
# starts with. Each also sees itself; a/* stands for every room below a/. Rows do not add up:
# io/text does not see what io sees.
BEGIN {
	sees["base"] = " "
	sees["sim"] = " base "
	# models/ from the ground up; what lies in models/ itself is ids, kinds of events, what is told
	sees["models"] = " base sim "
	sees["models/workload"] = " base sim models "
	sees["models/net"] = " base sim models models/scenario.h "
	sees["models/cost"] = " base models "
	sees["models/serving"] = " base sim models models/cost models/net "
	sees["models/offload"] = " base sim models models/cost models/net models/serving "
	sees["models/scenario.h"] = " base models models/* "
	sees["models/measure"] = " base sim models models/net models/serving models/scenario.h "
	sees["models/world"] = " base sim models models/* "
	sees["policies"] = " base models models/offload "
	sees["plan"] = " base models models/* "
	sees["study"] = " base sim models models/* "
	sees["io"] = " base sim models models/* "
	sees["io/text"] = " base "
	sees["io/yaml"] = " base io/text "
	sees["io/profile"] = " base io/text models models/cost "
	sees["io/trace"] = " base sim io/text io/log models models/workload models/net "
	sees["io/log"] = " base io/text models models/workload "
	sees["io/scenario"] = " base sim io/text io/yaml io/profile io/trace models models/* "
	sees["io/record"] = " base sim io/text models models/* "
	sees["io/results"] = " base sim io/text io/record models models/measure "
	sees["io/report"] = " base io/text io/results models models/measure "
	sees["io/export"] = " base io/text io/results io/trace models models/* "
	sees["kernels-ref/ref"] = " base "
	sees["kernels-ref/cpu"] = " base kernels-ref/ref "
	sees["kernels-ref/das"] = " base kernels-ref/ref kernels-ref/cpu "
	sees["kernels-ref/emulate"] = " kernels-ref/ref "
	sees["kernels-ref/cuda"] = " kernels-ref/ref kernels-ref/emulate "
	sees["kernels-ref/measure"] = " base kernels-ref/ref kernels-ref/cpu kernels-ref/cuda "
	sees["cli"] = " base sim models models/* policies plan study io io/* "
	sees["scripts/paper/fit"] = " base sim models models/* policies plan study io io/* "
	sees["tests"] = " base sim models models/* policies plan study io io/* cli kernels-ref/* "
	# System headers that some rooms keep to themselves (tests/ may use them).
	home["glpk.h"] = " plan "
	home["sqlite3.h"] = " io/record io/results "
	home["hdf5.h"] = " io/record io/results "
	home["yaml.h"] = " io/yaml "
	home["Random123"] = " sim "
	# and headers of the tree: the inside of a room, whoever may see its face
	inside["models/world/state.h"] = "models/world"
}


# The room of a path; "" when none is known.
function room(path) {
	while (!(path in sees))
		if (!sub(/\/[^\/]*$/, "", path))
			return ""
	return path
}

# Whether the room @to is in the list @rooms, by name or by a/*.
function named(rooms, to) {
	if (index(rooms, " " to " "))
		return 1
	while (sub(/\/[^\/]*$/, "", to))
		if (index(rooms, " " to "/* "))
			return 1
	return 0
}

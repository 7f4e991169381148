package supervisord

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/pidfile"
)

// A supervisord that is killed takes nobody along, and the next one starts all
// programs again: then they run twice. Those that were left are known by the
// environment that supervisord gives to each program (process.py), by being the
// leader of a process group in somebody else's session, as it makes them, and by
// their command, since what a program has started itself may outlive a
// supervisord rightly: a container's shim, say. Nobody can write an environment
// but that of his own processes, so nobody can have another user's ended.
//
// nginx writes its title over its environment. Such a one is known by its whole
// command, if who led its session is gone. Others are in seen.go.

// lost is a process that a supervisord before this one has left.
type lost struct {
	unit    string
	pid     int
	session int
	since   time.Time
	program
	member bool // of the process group of one that has ended
}

// program is what a file in conf.d says of one.
type program map[string]string

// lost finds, of the units, what the supervisord whose number is itself has not
// started, but one before it.
func (m Manager) lost(s *server, itself int, units []manager.Unit) []lost {
	return together(m.scan(s, itself, units), m.left(itself, units))
}

func (m Manager) scan(s *server, itself int, units []manager.Unit) []lost {
	born, here := pidfile.Started(itself)
	if !here {
		return nil // it counts processes otherwise, in a container
	}
	wanted := make(map[string]manager.Unit, len(units))
	for _, unit := range units {
		wanted[unit.Name] = unit
	}
	addresses := m.addresses(s)
	var found []lost
	for _, pid := range pidfile.All() {
		kin, alive := pidfile.KinOf(pid)
		if !alive || !kin.Start.Before(born) || kin.Group != pid || kin.Session == pid || isSupervisord(kin.Parent) {
			continue
		}
		environment := variables(pidfile.Environment(pid))
		candidates, is := units, program.isWhole
		if len(environment) > 0 {
			unit, known := wanted[environment["SUPERVISOR_GROUP_NAME"]]
			if !known || !slices.Contains(addresses, sameAddress(environment["SUPERVISOR_SERVER_URL"])) {
				continue
			}
			candidates, is = []manager.Unit{unit}, program.is
		} else if _, led := pidfile.Started(kin.Session); led || !pidfile.SameNamespaces(pid, itself) {
			continue
		}
		if unit, program, matches := runs(pidfile.Words(pid), candidates, is); matches {
			found = append(found, lost{unit: unit, pid: pid, session: kin.Session, since: kin.Start, program: program})
		}
	}
	return found
}

// runs finds the unit, and the program in it, that a process with these words is.
func runs(words []string, units []manager.Unit, is func(program, []string) bool) (string, program, bool) {
	for _, unit := range units {
		for _, one := range programsIn(unit.File) {
			if is(one, words) {
				return unit.Name, one, true
			}
		}
	}
	return "", nil, false
}

func isSupervisord(pid int) bool {
	return slices.ContainsFunc(pidfile.Words(pid), func(word string) bool { return filepath.Base(word) == "supervisord" })
}

func variables(environment []string) map[string]string {
	values := make(map[string]string, len(environment))
	for _, variable := range environment {
		if name, value, is := strings.Cut(variable, "="); is {
			values[name] = value
		}
	}
	return values
}

// addresses of supervisord, one of which it tells to its programs.
func (m Manager) addresses(s *server) []string {
	all := []string{sameAddress(strings.TrimSuffix(s.address, "/"))}
	content, err := os.ReadFile(m.config())
	if err != nil {
		return all
	}
	for section, setting := range map[string]string{"unix_http_server": "file", "inet_http_server": "port"} {
		settings, _ := sectionIn(string(content), section)
		value, err := m.expand(settings[setting])
		if err != nil || value == "" {
			continue
		}
		if setting == "file" {
			value = "unix://" + value
		} else if value = "http://" + value; !strings.Contains(value[len("http://"):], ":") {
			value = "http://:" + value[len("http://"):]
		}
		all = append(all, sameAddress(value))
	}
	return all
}

// sameAddress has one name for this machine.
func sameAddress(address string) string {
	if path, isSocket := strings.CutPrefix(address, "unix://"); isSocket {
		return "unix://" + filepath.Clean(path)
	}
	for _, here := range []string{"localhost", "*", ""} {
		if port, ok := strings.CutPrefix(address, "http://"+here+":"); ok {
			return "http://127.0.0.1:" + port
		}
	}
	return address
}

// programsIn reads what a file in conf.d says of all programs in it.
func programsIn(conf string) []program {
	content, err := os.ReadFile(conf)
	if err != nil {
		return nil // it was collected as garbage
	}
	var all []program
	for _, section := range allSections(content) {
		if section.settings["command"] != "" {
			all = append(all, section.settings)
		}
	}
	return all
}

// is says whether a process runs the command: it has the path of a file that is
// in the command, or, where the command names none, a program of that name.
func (p program) is(words []string) bool {
	for i, word := range p.words() {
		switch {
		case strings.HasPrefix(word, "/"):
			real, err := filepath.EvalSymlinks(word)
			if slices.Contains(words, word) || err == nil && words[0] == real {
				return true
			}
		case i == 0 && slices.ContainsFunc(words[:min(2, len(words))], func(w string) bool { return filepath.Base(w) == word }):
			return true
		}
	}
	return false
}

// isWhole says whether a process runs the command with all its arguments: the file of
// a path in it, and each word from there on.
func (p program) isWhole(words []string) bool {
	command := p.words()
	for i, word := range command {
		real, err := filepath.EvalSymlinks(word)
		if !strings.HasPrefix(word, "/") || err != nil || len(words) == 0 || words[0] != real {
			continue
		}
		return !slices.ContainsFunc(command[i:], func(word string) bool { return !slices.Contains(words, word) })
	}
	return false
}

func (p program) words() []string {
	return strings.Fields(strings.NewReplacer(`"`, "", "'", "", "%%", "%").Replace(p["command"]))
}

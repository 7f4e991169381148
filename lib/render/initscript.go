package render

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"nixproc/lib/manager/sysvinit"
	"nixproc/lib/quote"
)

// initScript is a System V init script by the conventions of the Linux Standard
// Base, "Comment Conventions for Init Scripts" and "Init Script Actions".
type initScript struct {
	name         string
	dependencies []string
	spec         sysvinitSpec
	start, stop  []string // runlevels
}

// commonActivities come first, in this order.
var commonActivities = []string{"start", "stop", "reload", "restart", "status"}

func (script *initScript) write(b *bytes.Buffer) {
	spec := &script.spec
	activities := script.activities()

	fmt.Fprintf(b, "#!%s\n\n", spec.Settings.Shell)
	script.writeHeader(b)
	b.WriteString(orElse(spec.Settings.InitialInstructions, ". "+quote.Shell(spec.Settings.InitFunctions)) + "\n")
	if spec.user() != "" && spec.Process != nil {
		// The functions believe what this user's pid file says.
		fmt.Fprintf(b, "%s=%s\n", sysvinit.UserVariable, quote.Shell(spec.user()))
	}
	writeInstructions(b, spec.GlobalInstructions)
	if spec.Umask != nil {
		fmt.Fprintf(b, "umask %s\n", *spec.Umask)
	}
	script.writeEnvironment(b)

	b.WriteString("\ncase \"$1\" in\n")
	names := activityOrder(activities)
	for _, name := range names {
		fmt.Fprintf(b, "%s)\n", casePattern(name))
		writeInstructions(b, activities[name])
		b.WriteString(";;\n")
	}
	b.WriteString("esac\n")
}

// casePattern gives the pattern for an activity, or for several: a|b.
func casePattern(names string) string {
	if names == "*" {
		return names
	}
	alternatives := strings.Split(names, "|")
	for i, name := range alternatives {
		alternatives[i] = quote.Shell(name)
	}
	return strings.Join(alternatives, "|")
}

func (script *initScript) writeHeader(b *bytes.Buffer) {
	line := func(keyword, value string) {
		if value = strings.Join(strings.Fields(value), " "); value != "" {
			fmt.Fprintf(b, "# %-19s%s\n", keyword+":", value)
		}
	}
	b.WriteString("### BEGIN INIT INFO\n")
	line("Provides", script.name)
	line("Should-Start", strings.Join(script.dependencies, " "))
	line("Should-Stop", strings.Join(script.dependencies, " "))
	line("Default-Start", strings.Join(script.start, " "))
	line("Default-Stop", strings.Join(script.stop, " "))
	line("Description", script.spec.Description)
	b.WriteString("### END INIT INFO\n\n")
}

// writeEnvironment exports the variables. A PATH, given or made of the packages
// in path, comes before that of the shell functions.
func (script *initScript) writeEnvironment(b *bytes.Buffer) {
	environment := script.spec.Environment
	if _, given := environment["PATH"]; !given && len(script.spec.Path) > 0 {
		bins := make([]string, len(script.spec.Path))
		for i, pkg := range script.spec.Path {
			bins[i] = pkg + "/bin"
		}
		environment = maps.Clone(environment)
		if environment == nil {
			environment = map[string]string{}
		}
		environment["PATH"] = strings.Join(bins, ":")
	}
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		if name == "PATH" {
			fmt.Fprintf(b, "export PATH=%s:\"$PATH\"\n", quote.Shell(environment[name]))
			continue
		}
		fmt.Fprintf(b, "export %s=%s\n", name, quote.Shell(environment[name]))
	}
}

// startsItself says whether the start activity is the one that is derived from
// the process.
func (script *initScript) startsItself() bool {
	_, instruction := script.spec.Instructions["start"]
	_, activity := script.spec.Activities["start"]
	return script.spec.Process != nil && !instruction && !activity && !slices.Contains(script.spec.RemoveActivities, "start")
}

// canStart says whether there is a start activity at all.
func (script *initScript) canStart() bool {
	spec := &script.spec
	if slices.Contains(spec.RemoveActivities, "start") {
		return false
	}
	if _, given := spec.Instructions["start"]; given || spec.Process != nil {
		return true
	}
	for names := range spec.Activities {
		if slices.Contains(strings.Split(names, "|"), "start") {
			return true
		}
	}
	return false
}

// activities gives the shell of each activity: derived from the process, then
// replaced by the author's instructions, then by the author's activities.
func (script *initScript) activities() map[string]string {
	spec := &script.spec
	settings := &spec.Settings
	activities := map[string]string{}

	instructions := map[string]instruction{}
	if spec.Process != nil {
		instructions["start"] = instruction{"Starting", script.startInstruction()}
		instructions["stop"] = instruction{"Stopping", script.signalCommand(orElse(settings.StopDaemon, "killproc"))}
		instructions["reload"] = instruction{"Reloading", script.signalCommand(orElse(settings.ReloadDaemon, "killproc"), spec.ReloadSignal)}
		activities["status"] = script.signalCommand(orElse(settings.StatusCommand, "statusproc"))
		activities["restart"] = orElse(settings.RestartActivity, "\"$0\" stop\n\"$0\" start")
	}
	maps.Copy(instructions, spec.Instructions)
	for name, given := range instructions {
		message := given.Activity + " " + spec.Description + "..."
		activities[name] = "log_info_msg " + quote.Shell(message) + "\n" +
			withNewline(given.Instruction) +
			orElse(settings.EvaluateCommand, "evaluate_retval")
	}
	maps.Copy(activities, spec.Activities)
	for _, name := range spec.RemoveActivities {
		delete(activities, name)
	}
	if _, given := activities["*"]; !given && !slices.Contains(spec.RemoveActivities, "*") {
		usage := strings.Join(activityOrder(activities), "|")
		activities["*"] = "echo \"Usage: $0 \"" + quote.Shell("{"+usage+"}") + " >&2\nexit 2"
	}
	return activities
}

// startInstruction initializes the state and starts the process, as a daemon
// in either case.
func (script *initScript) startInstruction() string {
	spec := &script.spec
	settings := &spec.Settings
	pidFile, _ := spec.pidFile()
	words := []string{orElse(settings.StartDaemon, "start_daemon"), "-f -p", quote.Shell(pidFile)}
	if spec.Nice != nil {
		words = append(words, "-n", *spec.Nice)
	}
	command := append([]string{*spec.Process}, spec.Args...)
	switch {
	case spec.ProcessIsDaemon && spec.user() != "":
		words = append(words, quote.ShellWords("su", spec.user(), "-s", settings.Shell, "-c", quote.ShellWords(command...)))
	case spec.ProcessIsDaemon:
		words = append(words, quote.ShellWords(command...))
	default:
		note := notePID
		if spec.user() != "" {
			note = noteLentPID
		}
		command = append([]string{settings.Shell, "-c", note, "sh", pidFile}, command...)
		words = append(words, quote.ShellWords(script.daemonize()...))
		if spec.Umask != nil {
			words = append(words, `--umask "$(umask)"`)
		}
		words = append(words, "--", quote.ShellWords(command...))
	}

	start := strings.Join(words, " ")
	if !spec.ProcessIsDaemon && spec.user() != "" {
		if log := spec.logFile(script.name); log != "" {
			start = lendLog(log, spec.user()) + " &&\n" + start
		}
		start = script.lendPIDFile() + " &&\n" + start
	}
	if spec.Directory != nil {
		start = "cd " + quote.Shell(*spec.Directory) + " &&\n" + start
	}
	if other := spec.otherPIDFile(); other != "" {
		start += " &&\n" + sysvinit.FollowPIDFile(pidFile, other)
	}
	return withNewline(spec.Initialize) + start
}

// notePID is a shell command that writes its own pid file, then becomes the
// program. What daemon(1) would write is its own number: to kill that would
// leave the program running. It never writes through a link, nor to a file that
// was there.
const notePID = `rm -f "$1" && set -C && echo "$$" >"$1" && shift && exec "$@"`

// noteLentPID is the same for a user who may not make the file, see lend.
const noteLentPID = `echo "$$" >"$1" && shift && exec "$@"`

// lendPIDFile lends the pid file to the user, unless the process runs.
func (script *initScript) lendPIDFile() string {
	spec := &script.spec
	file, _ := spec.pidFile()
	return fmt.Sprintf("{ pidofproc -p %s %s >/dev/null || { %s; }; }", quote.Shell(file), quote.Shell(*spec.Process), lend(file, spec.user()))
}

// daemonize is libslack's daemon(1), which detaches a foreground process and
// keeps its output. It goes to the root directory, and sets a umask of its
// own, unless it is told which.
func (script *initScript) daemonize() []string {
	spec := &script.spec
	words := []string{spec.Settings.StartProcessAsDaemon, "--unsafe", "--inherit"}
	if log := spec.logFile(script.name); log != "" {
		words = append(words, "--output", log)
	}
	if spec.Directory != nil {
		words = append(words, "--chdir", *spec.Directory)
	}
	if user := spec.user(); user != "" {
		words = append(words, "--user", user)
	}
	return words
}

// signalCommand applies a shell function to the process: command [-p pidfile]
// program [signal].
func (script *initScript) signalCommand(command string, signal ...string) string {
	pidFile, _ := script.spec.pidFile()
	words := []string{command, "-p", quote.Shell(pidFile), quote.Shell(*script.spec.Process)}
	return strings.Join(append(words, signal...), " ")
}

func activityOrder(activities map[string]string) []string {
	names := []string{}
	for _, name := range commonActivities {
		if _, ok := activities[name]; ok {
			names = append(names, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(activities)) {
		if name != "*" && !slices.Contains(commonActivities, name) {
			names = append(names, name)
		}
	}
	if _, ok := activities["*"]; ok {
		names = append(names, "*")
	}
	return names
}

func orElse(given *string, usual string) string {
	if given != nil {
		return *given
	}
	return usual
}

func withNewline(text string) string {
	if text == "" || strings.HasSuffix(text, "\n") {
		return text
	}
	return text + "\n"
}

func writeInstructions(b *bytes.Buffer, text string) {
	b.WriteString(withNewline(text))
}

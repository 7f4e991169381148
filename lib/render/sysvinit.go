package render

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"nixproc/lib/manager/sysvinit"
	"nixproc/lib/model"
	"nixproc/lib/order"
)

// sysvinitSpec is what create-sysvinit-script.nix says of a script. Its README
// explains each field.
type sysvinitSpec struct {
	Settings sysvinitSettings `json:"settings"`

	InstanceName              *string                `json:"instanceName"`
	Description               string                 `json:"description"`
	GlobalInstructions        string                 `json:"globalInstructions"`
	Umask                     *string                `json:"umask"`
	Nice                      *string                `json:"nice"`
	Directory                 *string                `json:"directory"`
	Path                      []string               `json:"path"`
	Environment               map[string]string      `json:"environment"`
	Initialize                string                 `json:"initialize"`
	Process                   *string                `json:"process"`
	ProcessIsDaemon           bool                   `json:"processIsDaemon"`
	EnableDaemonOutputLogging bool                   `json:"enableDaemonOutputLogging"`
	Args                      []string               `json:"args"`
	PIDFile                   *string                `json:"pidFile"`
	User                      *string                `json:"user"`
	ReloadSignal              string                 `json:"reloadSignal"`
	Instructions              map[string]instruction `json:"instructions"`
	Activities                map[string]string      `json:"activities"`
	RemoveActivities          []string               `json:"removeActivities"`
	Runlevels                 []string               `json:"runlevels"`
	DefaultStart              []string               `json:"defaultStart"`
	DefaultStop               []string               `json:"defaultStop"`
}

type instruction struct {
	Activity    string `json:"activity"`
	Instruction string `json:"instruction"`
}

// sysvinitSettings are the arguments of create-sysvinit-script.nix itself; nil
// stands for the usual command.
type sysvinitSettings struct {
	MinSequence            int      `json:"minSequence"`
	MaxSequence            int      `json:"maxSequence"`
	SupportedRunlevels     []string `json:"supportedRunlevels"`
	InitialInstructions    *string  `json:"initialInstructions"`
	StartDaemon            *string  `json:"startDaemon"`
	StopDaemon             *string  `json:"stopDaemon"`
	ReloadDaemon           *string  `json:"reloadDaemon"`
	EvaluateCommand        *string  `json:"evaluateCommand"`
	StatusCommand          *string  `json:"statusCommand"`
	RestartActivity        *string  `json:"restartActivity"`
	StartProcessAsDaemon   string   `json:"startProcessAsDaemon"`
	InitFunctions          string   `json:"initFunctions"`
	Shell                  string   `json:"shell"`
	RuntimeDir             string   `json:"runtimeDir"`
	LogDir                 string   `json:"logDir"`
	TmpDir                 string   `json:"tmpDir"`
	ForceDisableUserChange bool     `json:"forceDisableUserChange"`
}

type sysvinitRenderer struct {
	specs   map[string]sysvinitSpec // by the name of the process
	owners  map[string]string       // pid file -> the first process that has it
	numbers map[[2]int]map[int]int  // minimum and maximum -> rank -> sequence number
}

// newSysvinit numbers the ranks. Scripts whose function allows the same range
// of numbers share one numbering.
func newSysvinit(m model.Model, ranks map[string]int) (renderer, error) {
	r := sysvinitRenderer{specs: make(map[string]sysvinitSpec, len(m.Processes)), owners: map[string]string{}, numbers: map[[2]int]map[int]int{}}
	settings, err := settingsOf[sysvinitSettings](m)
	if err != nil {
		return nil, err
	}
	inRange := map[[2]int][]int{}
	for _, p := range m.Processes {
		if p.Foreign {
			continue
		}
		spec, err := specOf[sysvinitSpec](p)
		if err != nil {
			return nil, fmt.Errorf("process '%s': %w", p.Attribute, err)
		}
		spec.Settings = settings[p.Settings]
		r.specs[p.Name] = spec
		if file, certain := spec.pidFile(); certain && r.owners[file] == "" {
			r.owners[file] = p.Name
		}
		key := [2]int{spec.Settings.MinSequence, spec.Settings.MaxSequence}
		inRange[key] = append(inRange[key], ranks[p.Name])
	}
	for key, used := range inRange {
		numbers, err := order.Sequence(used, key[0], key[1])
		if err != nil {
			return nil, err
		}
		r.numbers[key] = numbers
	}
	return r, nil
}

var orderLink = regexp.MustCompile(`^etc/rc\.d/rc.\.d/[SK][0-9]+(.+)$`)

func (sysvinitRenderer) common() Tree { return Tree{} }

func (sysvinitRenderer) orderFile(name, path string) bool {
	match := orderLink.FindStringSubmatch(path)
	return match != nil && match[1] == name
}

func (r sysvinitRenderer) process(p model.Process, rank int) (rendered, error) {
	spec := r.specs[p.Name]
	if err := spec.check(); err != nil {
		return rendered{}, err
	}
	if file, certain := spec.pidFile(); certain && r.owners[file] != p.Name {
		return rendered{}, fmt.Errorf("it has the pid file of the process '%s', %s: give each its own instanceName or pidFile", r.owners[file], file)
	}
	start, stop := spec.runlevels()
	script := initScript{name: p.Name, dependencies: p.Dependencies, spec: spec, start: start, stop: stop}
	if len(start) > 0 && !script.canStart() {
		return rendered{}, errors.New("it has runlevels to start in, but nothing to start: neither a process nor an activity 'start'")
	}

	key, err := script.key()
	if err != nil {
		return rendered{}, err
	}
	file := path.Join("etc/rc.d/init.d", p.Name)
	result := rendered{
		own:   Tree{file: {Content: script.text(), Executable: true}},
		order: Tree{},
		key:   key,
		unit:  script.unit(file),
	}
	settings := spec.Settings
	number := r.numbers[[2]int{settings.MinSequence, settings.MaxSequence}][rank]
	link := func(kind byte, runlevel string, number int) {
		at := fmt.Sprintf("etc/rc.d/rc%s.d/%c%02d%s", runlevel, kind, number, p.Name)
		result.order[at] = File{Link: "../init.d/" + p.Name}
	}
	for _, runlevel := range start {
		link('S', runlevel, number)
	}
	for _, runlevel := range stop {
		link('K', runlevel, settings.MaxSequence-number+settings.MinSequence)
	}
	return result, nil
}

// umaskForm is what the shell's umask takes.
var umaskForm = regexp.MustCompile(`^([0-7]{1,4}|[ugoa]*[-+=][rwxXst]*(,[ugoa]*[-+=][rwxXst]*)*)$`)

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// check refuses what a script could not hold, or would hold as something else.
func (s *sysvinitSpec) check() error {
	var problems []error
	for name, value := range s.Environment {
		if !variableName.MatchString(name) {
			problems = append(problems, fmt.Errorf("environment: %q can't be the name of a variable in a shell", name))
		}
		if strings.ContainsRune(value, 0) {
			problems = append(problems, fmt.Errorf("environment: the value of %s has a NUL character in it", name))
		}
	}
	if s.Nice != nil {
		if n, err := strconv.Atoi(*s.Nice); err != nil || n < -20 || n > 19 {
			problems = append(problems, fmt.Errorf("nice: %q is not a whole number from -20 to 19", *s.Nice))
		}
	}
	if s.Umask != nil {
		if !umaskForm.MatchString(*s.Umask) {
			problems = append(problems, fmt.Errorf("umask: %q is neither an octal number such as 022 nor of the form u=rwx,g=rx", *s.Umask))
		}
	}
	for _, runlevel := range slices.Concat(s.Runlevels, s.DefaultStart, s.DefaultStop) {
		if len(runlevel) != 1 || !strings.Contains("0123456789S", runlevel) {
			problems = append(problems, fmt.Errorf("runlevels: %q is no runlevel: use 0 to 6, or S", runlevel))
		}
	}
	if s.Settings.MinSequence < 0 || s.Settings.MaxSequence > 99 || s.Settings.MinSequence > s.Settings.MaxSequence {
		problems = append(problems, fmt.Errorf("sequence numbers from %d to %d: they have to lie between 0 and 99", s.Settings.MinSequence, s.Settings.MaxSequence))
	}
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(problems...)
}

// runlevels tells where the script starts and where it stops.
func (s *sysvinitSpec) runlevels() (start, stop []string) {
	if len(s.Runlevels) == 0 {
		return s.DefaultStart, s.DefaultStop
	}
	for _, runlevel := range s.Settings.SupportedRunlevels {
		if slices.Contains(s.Runlevels, runlevel) {
			start = append(start, runlevel)
		} else {
			stop = append(stop, runlevel)
		}
	}
	return start, stop
}

// user is whom the process runs as; "" for whoever runs the script.
func (s *sysvinitSpec) user() string {
	if s.User == nil || s.Settings.ForceDisableUserChange {
		return ""
	}
	return *s.User
}

// privateDir is the directory for files of a process that may not write where
// root does. It does not depend on whether changing the user is disabled, so
// that a process finds its own files by the path that its author gave.
func (s *sysvinitSpec) privateDir(ofRoot string) string {
	if s.User != nil {
		return s.Settings.TmpDir
	}
	return ofRoot
}

// pidFile tells where the process's pid file is, and whether that is certain:
// without a name of the instance it is where the shell functions look for it.
func (s *sysvinitSpec) pidFile() (file string, certain bool) {
	switch {
	case s.Process == nil:
		return "", false
	case s.PIDFile != nil:
		return *s.PIDFile, true
	case s.InstanceName != nil:
		return path.Join(s.privateDir(s.Settings.RuntimeDir), *s.InstanceName+".pid"), true
	case s.ProcessIsDaemon:
		return path.Join(s.Settings.RuntimeDir, path.Base(*s.Process)+".pid"), false
	}
	return path.Join(s.privateDir(s.Settings.RuntimeDir), path.Base(*s.Process)+".pid"), true
}

// otherPIDFile is where a daemon that has no user of its own may have its pid
// file all the same if no user is changed; "" if it may not. Expressions of the
// older framework say nothing of it: there, daemons were found by their names.
func (s *sysvinitSpec) otherPIDFile() string {
	if !s.ProcessIsDaemon || !s.Settings.ForceDisableUserChange || s.User != nil || s.PIDFile != nil || s.InstanceName == nil ||
		s.Settings.TmpDir == s.Settings.RuntimeDir {
		return ""
	}
	return path.Join(s.Settings.TmpDir, *s.InstanceName+".pid")
}

// logFile is where the output of a process goes that the script daemonises;
// "" where it is not wanted.
func (s *sysvinitSpec) logFile(name string) string {
	if !s.EnableDaemonOutputLogging {
		return ""
	}
	if s.InstanceName != nil {
		name = *s.InstanceName
	}
	dir := s.Settings.LogDir
	if s.user() != "" {
		dir = s.Settings.TmpDir
	}
	return path.Join(dir, "nixproc-"+name+".log")
}

// unit is what the package of the process manager has to know.
func (script *initScript) unit(file string) sysvinit.Unit {
	spec := &script.spec
	unit := sysvinit.Unit{Script: file, Runlevels: script.start, User: spec.user()}
	if spec.Process == nil {
		return unit
	}
	unit.Program = *spec.Process
	unit.PIDFile, unit.PIDFileCertain = spec.pidFile()
	if !script.startsItself() {
		unit.PIDFileCertain = false
	}
	unit.Log = path.Join(spec.Settings.LogDir, "nixproc-"+script.name+".log")
	if !spec.ProcessIsDaemon {
		unit.Log = spec.logFile(script.name)
	}
	return unit
}

// key covers what the running process, or stopping it, depends on. The shell
// that runs the script and our shell functions are not among it: an upgrade of
// theirs restarts nothing.
func (script *initScript) key() (string, error) {
	spec := script.spec
	spec.Settings.InitFunctions = ""
	spec.Settings.Shell = ""
	spec.Settings.MinSequence = 0
	spec.Settings.MaxSequence = 0
	spec.Settings.SupportedRunlevels = nil
	spec.Description = ""
	spec.Runlevels, spec.DefaultStart, spec.DefaultStop = nil, nil, nil
	if spec.ProcessIsDaemon {
		spec.Settings.StartProcessAsDaemon = ""
	}
	return keyOf(spec)
}

// text gives the init script.
func (script *initScript) text() []byte {
	var b bytes.Buffer
	script.write(&b)
	return b.Bytes()
}

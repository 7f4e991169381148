package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"nixproc/lib/manager/launchd"
	"nixproc/lib/model"
)

// launchdSpec is what create-launchd-daemon.nix says of a daemon.
type launchdSpec struct {
	Properties launchd.Properties `json:"properties"`
}

// launchdSettings are what the function itself was given.
type launchdSettings struct {
	Prefix string `json:"prefix"` // of the labels
	Store  string `json:"store"`  // directory of the Nix store
}

type launchdRenderer struct {
	settings map[string]launchdSettings
	labels   map[string]string // label -> process, of those rendered so far
	pidFiles pidFiles
}

func newLaunchd(m model.Model) (renderer, error) {
	settings, err := settingsOf[launchdSettings](m)
	if err != nil {
		return nil, err
	}
	r := launchdRenderer{settings: settings, labels: map[string]string{}, pidFiles: pidFiles{}}
	return r, nil
}

func (launchdRenderer) common() Tree { return Tree{} }

// orderFile is never so: launchd knows no order.
func (launchdRenderer) orderFile(string, string) bool { return false }

func (r launchdRenderer) process(p model.Process, _ int) (rendered, error) {
	spec, err := specOf[launchdSpec](p)
	if err != nil {
		return rendered{}, err
	}
	properties, problems := complete(spec.Properties, r.settings[p.Settings].Prefix+p.Name)
	label, _ := properties["Label"].(string)
	if other, taken := r.labels[label]; taken {
		problems = append(problems, fmt.Errorf("the process '%s' has the label %q, too", other, label))
	}
	r.labels[label] = p.Name
	var words []string
	if given, isList := properties["ProgramArguments"].([]any); isList {
		for _, word := range given {
			words = append(words, fmt.Sprint(word))
		}
	}
	pidFile := proxyPIDFile(words)
	if err := r.pidFiles.claim(pidFile, p.Name); err != nil {
		problems = append(problems, err)
	}
	if len(problems) > 0 {
		slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
		return rendered{}, errors.Join(problems...)
	}
	content, err := properties.AfterMount(r.settings[p.Settings].Store).Encode()
	if err != nil {
		return rendered{}, fmt.Errorf("its plist can't be written: %w", err)
	}
	key, err := launchd.Key(content)
	if err != nil {
		return rendered{}, err
	}
	file := path.Join(launchd.Directory, label+".plist")
	unit := launchd.UnitOf(file, properties)
	unit.PIDFile = pidFile
	return rendered{own: Tree{file: {Content: content}}, order: Tree{}, key: key, unit: unit}, nil
}

// What launchctl takes for the name of a service, and a file for its own.
var launchdLabel = regexp.MustCompile(`^[^\s/.-][^\s/]{0,240}$`)

// complete fills in what launchd has to be told, and finds what it would not
// take, or take for something else.
func complete(given launchd.Properties, label string) (launchd.Properties, []error) {
	properties, problems := plistValues(given)
	if _, has := properties["Label"]; !has {
		properties["Label"] = label
	}
	if label, isText := properties["Label"].(string); !isText || !launchdLabel.MatchString(label) {
		problems = append(problems, fmt.Errorf("launchctl can't handle a daemon with the label %q", properties["Label"]))
	}
	if properties["Program"] == nil && properties["ProgramArguments"] == nil && properties["BundleProgram"] == nil {
		problems = append(problems, errors.New("it has nothing to run: it needs foregroundProcess, daemon or process, or Program"))
	}
	if program, isText := properties["Program"].(string); properties["Program"] != nil && (!isText || !path.IsAbs(program)) {
		problems = append(problems, fmt.Errorf("the program %q is not an absolute path", properties["Program"]))
	}
	if words, isList := properties["ProgramArguments"].([]any); isList && len(words) == 0 {
		problems = append(problems, errors.New("ProgramArguments: it is empty; its first word is the name of the program"))
	}
	if umask, has := properties["Umask"]; has {
		number, err := launchd.Umask(umask)
		if err != nil {
			problems = append(problems, err)
		}
		properties["Umask"] = number
	}
	if nice, has := properties["Nice"]; has {
		var number int64
		if n, err := fmt.Sscanf(fmt.Sprint(nice)+"\n", "%d\n", &number); n != 1 || err != nil || number < -20 || number > 20 {
			problems = append(problems, fmt.Errorf("nice: %q is not a whole number from -20 to 20", fmt.Sprint(nice)))
		}
		properties["Nice"] = number
	}
	if variables, isSet := properties["EnvironmentVariables"].(map[string]any); isSet {
		for _, name := range slices.Sorted(maps.Keys(variables)) {
			if name == "" || strings.Contains(name, "=") {
				problems = append(problems, fmt.Errorf("environment: %q can't be the name of a variable", name))
			}
		}
	}
	// Without it, only a person would start it after a boot.
	if properties["RunAtLoad"] == nil && properties["KeepAlive"] == nil && !properties.Activated() {
		properties["RunAtLoad"] = true
	}
	return properties, problems
}

// within says where the value of a key is.
func within(where, key string) string {
	if where == "environment" {
		return "environment: the value of " + key + " can't be written"
	}
	return where + "." + key
}

// plistValues turns JSON into what a plist can hold.
func plistValues(given launchd.Properties) (launchd.Properties, []error) {
	var problems []error
	var convert func(where string, value any) any
	convert = func(where string, value any) any {
		switch value := value.(type) {
		case json.Number:
			if number, err := value.Int64(); err == nil {
				return number
			}
			number, err := value.Float64()
			if err != nil {
				problems = append(problems, fmt.Errorf("%s: %s is no number that a plist can hold", where, value))
			}
			return number
		case string:
			if i := strings.IndexFunc(value, notInXML); i >= 0 {
				problems = append(problems, fmt.Errorf("%s: a plist can't hold the character %U", where, []rune(value[i:])[0]))
			}
			return value
		case []any:
			list := make([]any, len(value))
			for i := range value {
				list[i] = convert(where, value[i])
			}
			return list
		case map[string]any:
			set := make(map[string]any, len(value))
			for key := range value {
				if strings.ContainsFunc(key, notInXML) {
					problems = append(problems, fmt.Errorf("%s: a plist can't hold the name %q", where, key))
				}
				set[key] = convert(within(where, key), value[key])
			}
			return set
		}
		return value
	}
	properties := launchd.Properties{}
	for name, value := range given {
		where := name
		switch name {
		case "EnvironmentVariables":
			where = "environment"
		case "ProgramArguments":
			where = "args"
		}
		properties[name] = convert(where, value)
	}
	return properties, problems
}

// notInXML says whether XML 1.0 has no way to write a character.
func notInXML(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
}

package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"nixproc/lib/accounts"
	"nixproc/lib/image"
	"nixproc/lib/manager/docker"
	"nixproc/lib/model"
	"nixproc/lib/quote"
)

// dockerSpec is what create-docker-container.nix says of a container.
type dockerSpec struct {
	Image            string   `json:"image"` // path of the archive
	Tag              string   `json:"tag"`
	CreateParameters []string `json:"createParameters"`
	StopTimeout      *string  `json:"stopTimeout"`
	Cmd              string   `json:"cmd"`
	StorePaths       []string `json:"storePaths"`

	// Of an image that is not the generator's, nothing of this is known.
	Config   *string           `json:"config"`   // JSON
	Wrappers [][]string        `json:"wrappers"` // words that begin a wrapped command
	Accounts model.Credentials `json:"accounts"` // that the container gets
	AsCaller bool              `json:"asCaller"`
}

type dockerRenderer struct{}

func (dockerRenderer) common() Tree { return nil }

// orderFile is the file NN-NAME-docker-priority.
func (dockerRenderer) orderFile(name, path string) bool {
	number, rest, _ := strings.Cut(path, "-")
	_, err := strconv.Atoi(number)
	return err == nil && rest == name+"-docker-priority"
}

func (dockerRenderer) process(p model.Process, rank int) (rendered, error) {
	spec, err := specOf[dockerSpec](p)
	if err != nil {
		return rendered{}, err
	}
	if problems := spec.check(p.Name); len(problems) > 0 {
		return rendered{}, errors.Join(problems...)
	}
	key, err := spec.key()
	if err != nil {
		return rendered{}, err
	}
	settings := "dockerImage=" + spec.Image + "\ndockerImageTag=" + spec.Tag + "\n"
	if spec.StopTimeout != nil {
		settings += "dockerStopTimeout=" + *spec.StopTimeout + "\n"
	}
	own := Tree{
		p.Name + "-docker-settings":     {Content: []byte(settings)},
		p.Name + "-docker-createparams": {Content: lines(spec.CreateParameters)},
	}
	if spec.Config != nil {
		var config bytes.Buffer
		if err := json.Indent(&config, []byte(*spec.Config), "", " "); err != nil {
			return rendered{}, err
		}
		own[p.Name+"-docker-config"] = File{Content: append(config.Bytes(), '\n')}
	}
	if spec.Cmd != "" {
		own[p.Name+"-docker-cmd"] = File{Content: []byte(spec.Cmd + "\n")}
	}
	if len(spec.StorePaths) > 0 {
		own[p.Name+"-storepaths"] = File{Content: lines(spec.StorePaths)}
	}
	return rendered{
		own:   own,
		order: Tree{fmt.Sprintf("%02d-%s-docker-priority", rank+1, p.Name): {}},
		key:   key,
		unit:  docker.Unit{AsCaller: spec.AsCaller},
	}, nil
}

// dockerName is what docker takes as the name of a container, nixproc-NAME.
var dockerName = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)

// check refuses what docker would not take, or would take for something else.
func (s *dockerSpec) check(name string) (problems []error) {
	add := func(err error) {
		if err != nil {
			problems = append(problems, err)
		}
	}
	if !dockerName.MatchString(name) {
		add(fmt.Errorf("docker can't have a container with the name %q: it takes letters, digits, and - . _", "nixproc-"+name))
	} else {
		add(image.CheckReference(s.Tag))
	}
	if s.StopTimeout != nil {
		if seconds, err := strconv.Atoi(*s.StopTimeout); err != nil || seconds < 0 {
			add(fmt.Errorf("dockerStopTimeout: %q is no number of seconds", *s.StopTimeout))
		}
	}
	shown, _ := quote.Hide(s.CreateParameters)
	for i, word := range s.CreateParameters {
		switch {
		case word == "" || strings.ContainsAny(word, "\n\x00"):
			add(fmt.Errorf("dockerCreateParameters: %q can't be written, one argument stands in one line", shown[i]))
		case i > 0 && s.CreateParameters[i-1] == "--volume" && strings.HasPrefix(word, "/") && strings.Count(word, ":") > 2:
			add(fmt.Errorf("dockerCreateParameters: docker takes a colon in the path of a volume for its end: %q", shown[i]))
		}
	}
	add(accounts.FromProperties(s.Accounts.Groups, s.Accounts.Users).Validate())
	if s.Config != nil {
		config, err := image.ParseConfig(*s.Config)
		add(err)
		problems = append(problems, s.checkPreparation(config.Cmd)...)
	}
	return problems
}

// checkPreparation looks at what the script in the container would only find
// out when it runs.
func (s *dockerSpec) checkPreparation(words []string) (problems []error) {
	if len(s.Wrappers) == 0 || !hasPrefix(words, s.Wrappers[0]) {
		return nil
	}
	words = words[len(s.Wrappers[0]):]
	for i := 0; i+1 < len(words) && words[i] != "--"; i++ {
		switch words[i] {
		case "-m":
			if _, err := strconv.ParseUint(words[i+1], 8, 12); err != nil {
				problems = append(problems, fmt.Errorf("umask: %q is not an octal number such as 022", words[i+1]))
			}
		case "-n":
			if n, err := strconv.Atoi(words[i+1]); err != nil || n < -20 || n > 19 {
				problems = append(problems, fmt.Errorf("nice: %q is not a whole number from -20 to 19", words[i+1]))
			}
		case "-k":
			continue
		}
		i++ // the value
	}
	return problems
}

func hasPrefix(words, prefix []string) bool {
	return len(words) >= len(prefix) && slices.Equal(words[:len(prefix)], prefix)
}

// key covers what the running container, or stopping it, depends on: not its
// place in the order, not which version of our wrappers prepares it, nor where
// an image lies whose contents are known.
func (s *dockerSpec) key() (string, error) {
	spec := *s
	spec.Cmd, spec.StorePaths, spec.Wrappers = "", nil, nil
	if spec.Config == nil {
		return keyOf(spec)
	}
	spec.Image = ""
	config, err := image.ParseConfig(*spec.Config)
	if err != nil {
		return "", err
	}
	config.Cmd = withoutWrappers(config.Cmd, s.Wrappers)
	spec.Config = nil
	return keyOf([]any{spec, config})
}

// withoutWrappers puts a name in place of the paths of each wrapper.
func withoutWrappers(words []string, wrappers [][]string) []string {
	var left []string
	for i := 0; i < len(words); i++ {
		left = append(left, words[i])
		for number, wrapper := range wrappers {
			if len(wrapper) > 0 && hasPrefix(words[i:], wrapper) {
				left[len(left)-1] = fmt.Sprintf("wrapper %d", number)
				i += len(wrapper) - 1
				break
			}
		}
	}
	return left
}

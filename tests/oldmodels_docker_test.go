package tests

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

var (
	containerSettings = regexp.MustCompile(`-docker-settings$`)
	createParameters  = regexp.MustCompile(`-docker-createparams$`)
	containerCommand  = regexp.MustCompile(`-docker-cmd$`)
)

const withoutDysnomia = "so Dysnomia is not on PATH, nor are the framework's own tools"

var dockerDifferences = []difference{
	{
		name:     "containers: the image's configuration is compared",
		line:     "the image's configuration and the parameters are compared, not store paths",
		managers: []string{"docker"},
		files:    regexp.MustCompile(`-docker-config$`),
		added:    true,
	},
	{
		name:     "containers: images of our own",
		line:     "images are made by nixproc itself, without dockerTools",
		managers: []string{"docker"},
		files:    containerSettings,
		change:   imageWords,
		both:     true,
	},
	{
		name:     "containers: PATH without the tools",
		line:     withoutDysnomia,
		managers: []string{"docker"},
		files:    containerSettings,
		change:   replacing(`:[^:\n]*-nixproc-common-tools/bin|(-glibc/bin):[^:\n]*-dysnomia/bin`, "$1"),
	},
	{
		name:     "containers: blank lines",
		line:     form,
		managers: []string{"docker"},
		files:    regexp.MustCompile(`-(docker-cmd|storepaths)$`),
		change:   replacing(`\n\n\z`, "\n"),
	},
	{
		name:     "containers: without the tools",
		line:     withoutDysnomia,
		managers: []string{"docker"},
		files:    regexp.MustCompile(`-storepaths$`),
		change:   replacing(`(?m)^\S+-nixproc-common-tools\n|^(\S+-glibc\n)\S+-dysnomia\n`, "$1"),
	},
	{
		name:     "containers: the store's own directory",
		line:     "the store is mounted where it is",
		managers: []string{"docker"},
		files:    createParameters,
		change:   replacing(`(?m)^(/nix/store:/nix/store|(?:/tmp/np\d+/store:?){2})$`, "STORE"),
		both:     true,
	},
	{
		name:     "containers: programs of the host",
		line:     "with `--host-packages`, containers see the host's programs",
		managers: []string{"docker"},
		files:    createParameters,
		change:   replacing(`(?m)^--volume\n/(?:bin|etc/alternatives|etc/ld\.so\.cache|etc/ssl/certs|lib|lib64|usr):\S+:ro\n`, ""),
		both:     true,
	},
	{
		name:     "containers: one proxy for all",
		line:     oneProxy,
		managers: []string{"docker"},
		files:    containerCommand,
		change:   proxies,
		both:     true,
	},
	{
		name:     "containers: what prepares them",
		line:     "accounts in the container are made without Dysnomia and shadow",
		managers: []string{"docker"},
		files:    containerCommand,
		change:   containers,
		both:     true,
	},
	{
		name:     "containers: the directory is gone to, not only given",
		line:     "`umask` and `directory` hold for daemons, too",
		managers: []string{"docker"},
		files:    containerCommand,
		change:   noDirectory,
		both:     true,
	},
}

var imageLine = regexp.MustCompile(`(?m)^dockerImage=(.*)$`)

// imageWords puts what an image is configured for in the place of its path.
func imageWords(text string) string {
	return imageLine.ReplaceAllStringFunc(text, func(line string) string {
		path := imageLine.FindStringSubmatch(line)[1]
		// This is what oldmodels/nixpkgs makes of an image.
		var asked struct {
			Config struct {
				Env        []string
				WorkingDir string
			}
		}
		if err := json.Unmarshal([]byte(fileText(path)), &asked); err == nil {
			return fmt.Sprintf("environment:\n%s\ndirectory: %s", strings.Join(asked.Config.Env, "\n"), asked.Config.WorkingDir)
		}
		image, err := tarball.ImageFromPath(path, nil)
		if err != nil {
			return err.Error()
		}
		config, err := image.ConfigFile()
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("environment:\n%s\ndirectory: %s", strings.Join(config.Config.Env, "\n"), config.Config.WorkingDir)
	})
}

var (
	theirContainer = regexp.MustCompile(`PROXY initialize="nixproc-init-state --state-dir (.*?) --runtime-dir (.*?)\\n(?:dysnomia-addgroups .*?\\ndysnomia-addusers .*?\\n)?(.*)`)
	ourContainer   = regexp.MustCompile(`^/bin/bash \S+-container -s (\S+) -r (\S+)(?: -k)?(?: -[ga] .*?)* -- (.*)`)
)

// containers says in the same words what prepares a container.
func containers(text string) string {
	text = theirContainer.ReplaceAllString(text, `CONTAINER $1 $2 PROXY initialize="$3`)
	text = ourContainer.ReplaceAllString(text, `CONTAINER $1 $2 $3`)
	words := strings.SplitN(text, " ", 4)
	if len(words) == 4 && words[0] == "CONTAINER" && !strings.HasPrefix(words[3], "PROXY ") {
		program, rest, _ := strings.Cut(words[3], " ")
		words[3] = proxyWords("", "", "", "", "", program) + " " + rest
	}
	words[len(words)-1] = regexp.MustCompile(`(?m) $`).ReplaceAllString(words[len(words)-1], "")
	return strings.ReplaceAll(strings.Join(words, " "), `initialize="\n"`, `initialize=""`)
}

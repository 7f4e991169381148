// Package manifestxml reads and writes the manifests of Disnix, version 2: which
// services are to be active on which targets. Disnix's own functions make them
// with generatemanifest.xsl; this knows the part that a deployment to one machine
// has. It does not know what a service does.
package manifestxml

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Localhost is the only target.
const Localhost = "localhost"

// Process is the type, and the container, of a service that Dysnomia's module
// "process" starts.
const Process = "process"

// Manifest is what is to be active.
type Manifest struct {
	Profile         string // store path with all packages; "" for none
	System          string // as Nix calls it: x86_64-linux
	ClientInterface string // program that reaches the target
	Services        []Service
}

// Service is a package that can be activated.
type Service struct {
	Key       string // see KeyOf
	Name      string
	Package   string   // store path
	Type      string   // the module of Dysnomia
	DependsOn []string // keys
	// Active says whether it is mapped to the target: only such services are
	// activated, and deactivated.
	Active bool
}

// document is the file: what Disnix reads of it, in its order.
type document struct {
	XMLName  xml.Name  `xml:"manifest"`
	Version  string    `xml:"version,attr"`
	Profiles []profile `xml:"profiles>profile"`
	Services []service `xml:"services>service"`
	Targets  []target  `xml:"infrastructure>target"`
	Mappings []mapping `xml:"serviceMappings>mapping"`
}

type profile struct {
	Name string `xml:"name,attr"`
	Path string `xml:",chardata"`
}

type service struct {
	Key       string    `xml:"name,attr"`
	Name      string    `xml:"name"`
	Package   string    `xml:"pkg"`
	Type      string    `xml:"type"`
	DependsOn []mapping `xml:"dependsOn>mapping"`
}

type target struct {
	Name            string `xml:"name,attr"`
	System          string `xml:"system"`
	ClientInterface string `xml:"clientInterface"`
}

type mapping struct {
	Container string `xml:"container"`
	Service   string `xml:"service"`
	Target    string `xml:"target"`
}

// Read reads a manifest. One that deploys to other machines, too, is an error.
func Read(path string) (*Manifest, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	m, err := parse(file)
	if err != nil {
		return nil, fmt.Errorf("%s can't be read as a manifest of Disnix: %w", path, err)
	}
	return m, nil
}

func parse(r io.Reader) (*Manifest, error) {
	var d document
	if err := xml.NewDecoder(r).Decode(&d); err != nil {
		return nil, err
	}
	if d.Version != "2" {
		return nil, fmt.Errorf("its version is %q, not 2", d.Version)
	}
	m := &Manifest{}
	for _, p := range d.Profiles {
		if p.Name != Localhost {
			return nil, fmt.Errorf("it deploys to %q, not only to this machine: that is Disnix's own matter", p.Name)
		}
		m.Profile = strings.TrimSpace(p.Path)
	}
	for _, t := range d.Targets {
		m.System, m.ClientInterface = t.System, t.ClientInterface
	}
	active := map[string]bool{}
	for _, one := range d.Mappings {
		if one.Target != Localhost {
			return nil, fmt.Errorf("it deploys to %q, not only to this machine: that is Disnix's own matter", one.Target)
		}
		active[one.Service] = true
	}
	known := make(map[string]bool, len(d.Services))
	for _, s := range d.Services {
		if known[s.Key] {
			return nil, fmt.Errorf("it has two services with the key %s", s.Key)
		}
		known[s.Key] = true
		if s.Key == "" || s.Name == "" || s.Package == "" {
			return nil, errors.New("a service lacks its key, name or pkg")
		}
		one := Service{Key: s.Key, Name: s.Name, Package: s.Package, Type: s.Type, Active: active[s.Key]}
		for _, dependency := range s.DependsOn {
			one.DependsOn = append(one.DependsOn, dependency.Service)
		}
		m.Services = append(m.Services, one)
	}
	for key := range active {
		if !known[key] {
			return nil, fmt.Errorf("it maps a service that it lacks: %s", key)
		}
	}
	return m, nil
}

// ProfileOf gives the store path with the packages of a manifest's services.
func ProfileOf(path string) (string, error) {
	m, err := Read(path)
	if err != nil {
		return "", err
	}
	return m.Profile, nil
}

// Is says whether a file is a manifest of Disnix, by how it begins.
func Is(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	tokens := xml.NewDecoder(file)
	for {
		token, err := tokens.Token()
		if err != nil {
			return false
		}
		if start, ok := token.(xml.StartElement); ok {
			return start.Name.Local == "manifest" && slices.ContainsFunc(start.Attr, func(a xml.Attr) bool { return a.Name.Local == "version" })
		}
	}
}

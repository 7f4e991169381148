package manifestxml

import (
	"encoding/xml"
	"fmt"
	"os"
	"strings"
)

// Network is what a manifest says of all its machines.
type Network struct {
	Targets  []Target
	Mappings []Mapping
}

// Target is a machine.
type Target struct {
	Name            string
	Address         string // the value of its target property, by which it is reached
	ClientInterface string
	Profile         string // store path of its packages; "" if it has none
	// Containers are the properties of its containers, as Dysnomia's modules get
	// them.
	Containers map[string]map[string]string
}

// Mapping is a service on a machine. Two with the same key are the same.
type Mapping struct {
	Target, Key, Name, Package, Type, Container string
	DependsOn                                   []Dependency
}

// Dependency is a service on a machine that another one needs.
type Dependency struct {
	Target, Key string
}

// ReadNetwork reads a manifest for any machines.
func ReadNetwork(path string) (Network, error) {
	var n Network
	data, err := os.ReadFile(path)
	if err != nil {
		return n, err
	}
	if n, err = parseNetwork(data); err != nil {
		return n, fmt.Errorf("%s can't be read as a manifest of Disnix: %w", path, err)
	}
	return n, nil
}

// At is what of the network is on the machines that are used. Each is taken as it
// is reached now, and its containers as they are now, where that is known.
func (n Network) At(targets []Target, used map[string]bool) Network {
	there := map[string]Target{}
	for _, target := range n.Targets {
		there[target.Name] = target
	}
	var part Network
	for _, target := range targets {
		if !used[target.Name] {
			continue
		}
		target.Profile = there[target.Name].Profile
		if target.Containers == nil {
			target.Containers = there[target.Name].Containers
		}
		part.Targets = append(part.Targets, target)
		for _, mapping := range n.Mappings {
			if mapping.Target == target.Name {
				part.Mappings = append(part.Mappings, mapping)
			}
		}
	}
	return part
}

// SetProperty gives a container on each machine a property, in place of one that it
// may have.
func (n Network) SetProperty(container, name, value string) {
	for _, target := range n.Targets {
		if target.Containers[container] == nil {
			target.Containers[container] = map[string]string{}
		}
		target.Containers[container][name] = value
	}
}

type networkDocument struct {
	XMLName  xml.Name  `xml:"manifest"`
	Version  string    `xml:"version,attr"`
	Profiles []profile `xml:"profiles>profile"`
	Services []service `xml:"services>service"`
	Targets  []machine `xml:"infrastructure>target"`
	Mappings []mapping `xml:"serviceMappings>mapping"`
}

type machine struct {
	Name            string     `xml:"name,attr"`
	ClientInterface string     `xml:"clientInterface"`
	Property        string     `xml:"targetProperty"`
	Properties      []property `xml:"properties>property"`
	Containers      []struct {
		Name       string     `xml:"name,attr"`
		Properties []property `xml:"property"`
	} `xml:"containers>container"`
}

type property struct {
	Name  string     `xml:"name,attr"`
	Type  string     `xml:"type,attr"` // as Nix calls it; "" for null
	Text  string     `xml:",chardata"`
	Elems []property `xml:"elem"`
}

// handedOn is what Disnix hands on as an argument.
func (p property) handedOn() string {
	switch p.Type {
	case "bool":
		return map[string]string{"true": "1"}[p.Text]
	case "attrs":
		return ""
	case "list":
		var all []string
		for _, elem := range p.Elems {
			all = append(all, elem.handedOn())
		}
		return strings.Join(all, " ")
	}
	return p.Text
}

func parseNetwork(data []byte) (Network, error) {
	var n Network
	var d networkDocument
	if err := xml.Unmarshal(data, &d); err != nil {
		return n, err
	}
	if d.Version != "2" {
		return n, fmt.Errorf("its version is %q, not 2", d.Version)
	}
	profiles := map[string]string{}
	for _, p := range d.Profiles {
		profiles[p.Name] = p.Path
	}
	known := map[string]bool{}
	for _, t := range d.Targets {
		one := Target{Name: t.Name, ClientInterface: t.ClientInterface, Profile: profiles[t.Name], Containers: map[string]map[string]string{}}
		for _, property := range t.Properties {
			if property.Name == t.Property {
				one.Address = property.handedOn()
			}
		}
		for _, container := range t.Containers {
			one.Containers[container.Name] = map[string]string{}
			for _, property := range container.Properties {
				if property.Type != "" {
					one.Containers[container.Name][property.Name] = property.handedOn()
				}
			}
		}
		if one.Name == "" || one.Address == "" {
			return n, fmt.Errorf("the machine %q lacks its property %q", t.Name, t.Property)
		}
		known[one.Name] = true
		n.Targets = append(n.Targets, one)
	}
	services := map[string]service{}
	for _, s := range d.Services {
		services[s.Key] = s
	}
	for _, m := range d.Mappings {
		s, found := services[m.Service]
		if !found || !known[m.Target] {
			return n, fmt.Errorf("it maps the service %s, or the machine %q, which it lacks", m.Service, m.Target)
		}
		one := Mapping{Target: m.Target, Key: m.Service, Name: s.Name, Package: s.Package, Type: s.Type, Container: m.Container}
		for _, dependency := range s.DependsOn {
			one.DependsOn = append(one.DependsOn, Dependency{dependency.Target, dependency.Service})
		}
		n.Mappings = append(n.Mappings, one)
	}
	return n, nil
}

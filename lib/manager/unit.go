package manager

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"nixproc/lib/manifest"
)

// NewUnit takes over what a manifest says of every process, whatever its
// manager.
func NewUnit(process manifest.Process) Unit {
	unit := Unit{
		Name:      process.Name,
		Attribute: process.Attribute,
		Rank:      process.Rank,
		Requires:  process.Dependencies,
		Key:       process.Key,
		Files:     filesDigest(process.Files),
	}
	if len(process.Attributes) > 0 {
		unit.Attributes = make(map[string]any, len(process.Attributes))
		for name, value := range process.Attributes {
			unit.Attributes[name] = value
		}
	}
	return unit
}

func filesDigest(files map[string]string) string {
	hash := sha256.New()
	for _, path := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(hash, "%s\x00%s\x00", path, files[path])
	}
	return hex.EncodeToString(hash.Sum(nil))
}

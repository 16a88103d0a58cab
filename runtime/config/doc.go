// Package config is the one table of settings: each line of it is a flag, an
// environment variable, a key of the configuration file, a line of help and a row of
// the documentation.
//
// A flag goes before the environment, the environment before the file, the file before
// the default. The file expands no ${VARIABLES}: secrets are named, never inlined.
package config

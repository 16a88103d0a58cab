//go:build !linux

package soak

import "context"

func cuts(context.Context, *Config) (Result, error)       { return Result{}, noDisk }
func fsyncError(context.Context, *Config) (Result, error) { return Result{}, noDisk }
func diskFull(context.Context, *Config) (Result, error)   { return Result{}, noDisk }

var noDisk = &NotRunError{"it needs ext4 on a loop device"}

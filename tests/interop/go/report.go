package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"

	sdkErrors "github.com/spiffe/spike-sdk-go/errors"
)

// A finding is the outcome of one check.
type finding struct {
	Area  string `json:"area"`
	Call  string `json:"call"`
	Check string `json:"check"`
	OK    bool   `json:"ok"`
	// What the check is about where this project answers otherwise than the
	// original does, on purpose.
	Differs string `json:"differs,omitempty"`
	Got     string `json:"got,omitempty"`
}

// A report writes findings as they come.
type report struct {
	area    string
	differs string
}

// deviates gives a report whose checks expect another answer than the original's.
func (r *report) deviates(why string) *report {
	return &report{area: r.area, differs: why}
}

func (r *report) that(call, check string, ok bool, got any) {
	f := finding{Area: r.area, Call: call, Check: check, OK: ok, Differs: r.differs}
	if !ok {
		f.Got = fmt.Sprintf("%+v", got)
	}
	emit(f)
}

// works checks that a call has no error.
func (r *report) works(call, check string, err *sdkErrors.SDKError) {
	r.that(call, check, err == nil, err)
}

// fails checks that a call has just this error of the SDK's.
func (r *report) fails(call, check string, err, want *sdkErrors.SDKError) {
	r.that(call, check, err != nil && err.Is(want), err)
}

// equals checks that a call without error has just this answer.
func (r *report) equals(call, check string, err *sdkErrors.SDKError, got, want any) {
	r.that(call, check, err == nil && reflect.DeepEqual(got, want),
		fmt.Sprintf("%+v, %v; expected %+v", got, err, want))
}

// emit writes one line.
func emit(value any) {
	if err := json.NewEncoder(os.Stdout).Encode(value); err != nil {
		panic(err)
	}
}

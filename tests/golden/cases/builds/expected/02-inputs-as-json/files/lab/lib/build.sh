#!/bin/sh
echo "{{ not rendered }}" # no newline at the end
require "spec.support.declared_case".define "sqlite"

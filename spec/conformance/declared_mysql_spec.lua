require "spec.support.declared_case".define "mysql"

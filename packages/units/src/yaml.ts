/** Second door, `@pulmu/units/yaml`: hand-written files. Apart from the first, so that who reads no file loads no parser. */
export { fileError, formatPath, readYaml, readYamlFile, type DocumentPath, type YamlDocument } from "./yaml-document.ts";
export { checkShape, quantity } from "./yaml-shape.ts";

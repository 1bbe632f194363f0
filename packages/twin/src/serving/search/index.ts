export { busiest, loadOf, manyUsers, type Load } from "./load.ts";
export { measuredModel, servedModels } from "./models.ts";
export { rackInputW } from "./rack-power.ts";
export { searchDeployments, type SearchInputs, type SearchProgress, type SearchResult } from "./search.ts";
export { meets, miss, planText, type Plan, type PlanKind, type ServedModel, type Slo, type Trial } from "./trial.ts";

/** What a bench scenario is: an id of `bench/budgets.json`, and a run that answers the gas it took. */
export interface Scenario {
  readonly id: string;
  /** Gas used, as a receipt says it; per element where the id ends in `.each`. */
  run(): Promise<bigint>;
}

/** One domain's scenarios, over a suite deployed by the real modules. */
export type ScenarioSet = () => Promise<Scenario[]>;

/** What the values of a free column are, as `CAMPAIGNS_FILE` says. It says nothing about how Wolkvox writes them. */
export const OPT_TYPES = ['TEXT', 'NUMBER', 'DATE', 'BOOLEAN', 'MONEY'] as const;
export type OptType = (typeof OPT_TYPES)[number];

/** The names of the free columns, in order (documented: opt1 to opt12). */
export const OPT_NAMES: readonly string[] = Array.from({ length: 12 }, (_, index) => `opt${index + 1}`);

/** What a campaign keeps in one of its free columns. Null: `CAMPAIGNS_FILE` does not say it. */
export interface OptLabel {
  readonly label: string | null;
  readonly type: OptType | null;
}

/** The labels of the free columns by campaign. */
export interface OptLabels {
  /**
   * The labels of opt1 to opt12 in order, always twelve, frozen. The same array until another version of the file is
   * loaded. All campaigns without an entry in the file share one.
   *
   * @param campaignId without leading zeros, as in `CampaignRecord`
   */
  of(campaignId: string): readonly OptLabel[];
  /**
   * The position of a column, 1 to 12, by its name (`opt3`) or by its label in this campaign. Upper and lower case are
   * equal, and spaces at the ends are ignored. Undefined: the campaign has no such column.
   */
  positionOf(campaignId: string, name: string): number | undefined;
  /** 0 without a file; 1 after the start, and one more with each version of the file that is loaded. */
  version(): number;
}

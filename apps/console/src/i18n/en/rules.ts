/** What the API refuses, said at the field: by the problem's code, and by its place where that says more. `{rule}` is the API's own sentence. */
export const rules = {
  "table.shown": "{shown} of {all} shown",
  "table.more": "Show more",
  "table.scrolls": "Table, scrolls",
  "form.mend": "Not yet: {count} to mend above.",
  "form.reasonNote": "It is on record, and those it concerns read it.",
  "rule.empty": "This is needed.",
  "rule.api.value": "{rule}",
  "rule.govern.denied": "You may not do this.",
  "rule.govern.exists": "There is one of this name already.",
  "rule.limit.most": "{rule}",
  "rule.limit.scope": "{rule}",
  "rule.allotment.ineligible.submittedMs": "The call takes applications from {opens} until {closes}.",
  "rule.allotment.ineligible.sector": "This call has no GPUs for this sector.",
  "rule.allotment.ineligible.gpus": "Whole servers of {servers} GPUs.",
  "rule.allotment.ineligible.leastGpus":
    "Whole servers of {servers} GPUs, no more than are asked for, and within what one organisation may get: {cap}.",
  "rule.allotment.ineligible.fromMs": "Grants run from {from} until {until}.",
  "rule.allotment.ineligible.dataClass": "The machines of this call may not hold such data.",
  "rule.allotment.state": "Not at this stage: {rule}.",
  "rule.allotment.review": "{rule}",
  "rule.allotment.exists": "There is a call of this id already.",
} as const;

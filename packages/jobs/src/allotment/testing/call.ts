import { parseCall } from "../call.ts";

/** A small call: two reviews each, 64 GPUs for universities, 16 for institutes, 32 for companies. */
export const callText = `id: spring
title: Spring call
opens: 2027-01-04
closes: 2027-02-01
grantsFrom: 2027-03-01
grantsUntil: 2027-09-01
pools: [{ sector: academia, gpus: 64, krwPerGpuH: 0 },
        { sector: research, gpus: 16, krwPerGpuH: 0 },
        { sector: industry, gpus: 32, krwPerGpuH: 2400 }]
capPerOrganisation: 48
youngCompanyDiscount: 50
regions: { bonus: 3, of: [Sejong] }
dataClasses: [public, internal]

reviewers: [kim, lee, park]
reviewsEach: 2
criteria: [{ id: impact, weight: 60 }, { id: ecosystem, weight: 40 }]
passMark: 50
conditions: [For the purpose applied for]
use: { every: 14 d, leastOfPlan: 50 }
`;

export const CALL = parseCall(callText);

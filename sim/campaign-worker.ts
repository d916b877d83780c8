/** Runs portions of a campaign that its parent sends. */
import { type Campaign, runCampaign } from './campaign.ts';

process.on('message', (portion) => {
  process.send?.(runCampaign(portion as Campaign));
});

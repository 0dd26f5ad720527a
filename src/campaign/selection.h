/* What a configuration asks of a selection. */
#ifndef DDMD_CAMPAIGN_SELECTION_H
#define DDMD_CAMPAIGN_SELECTION_H

#include "ddmd/config.h"
#include "ddmd/select.h"

/* n: frames to choose from. */
ddmd_select_options ddmd_campaign_select_options(const ddmd_config *config, uint32_t round,
                                                 size_t n);

#endif

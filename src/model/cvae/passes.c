#include "model/cvae/passes.h"

#include "core/clock.h"
#include "core/try.h"
#include "ddmd/geometry.h"
#include "model/cvae/members.h"

double ddmd_cvae_unpack_s(const ddmd_cvae *model)
{
    double sum = 0;
    for (int m = 0; m < model->n_members; m++)
        sum += model->members[m].unpack_s;
    return sum / model->n_members;
}

ddmd_cvae_selection ddmd_cvae_select(const uint8_t *maps, const uint32_t *counts,
                                     const uint32_t *index, size_t n)
{
    double sum = 0;
    for (size_t i = 0; counts && i < n; i++)
        sum += counts[index ? index[i] : i];
    return (ddmd_cvae_selection){maps, counts, index, n, counts && n ? sum / (double)n : 1};
}

ddmd_cvae_share ddmd_cvae_share_of(const ddmd_cvae *model, size_t first, size_t end, int number)
{
    size_t count = end - first;
    return (ddmd_cvae_share){first + ddmd_share(count, model->n_members, number),
                             first + ddmd_share(count, model->n_members, number + 1)};
}

int ddmd_cvae_next_piece(const ddmd_cvae *model, ddmd_cvae_member *me, ddmd_cvae_network *network,
                         const ddmd_cvae_selection *from, ddmd_cvae_share *of)
{
    size_t side = (size_t)model->architecture.side, bytes = ddmd_contact_map_bytes(side);
    size_t capacity = (size_t)ddmd_cvae_network_capacity(network), left = of->end - of->next;
    size_t n = left < capacity ? left : capacity;
    const ddmd_cvae_inputs inputs = ddmd_cvae_network_inputs(network);
    double began = ddmd_clock_monotonic();
    for (size_t s = 0; s < n; s++) {
        size_t which = from->index ? from->index[of->next + s] : of->next + s;
        ddmd_contact_map_unpack(from->maps + which * bytes, side, inputs.maps + s * side * side);
        if (inputs.share)
            inputs.share[s] = from->counts ? (float)(from->counts[which] / from->mean_count) : 1.0F;
    }
    me->unpack_s += ddmd_clock_monotonic() - began;
    of->next += n;
    return (int)n;
}

enum ddmd_status ddmd_cvae_gather(const ddmd_cvae *model, ddmd_model_loss *sum, ddmd_error *err)
{
    for (int m = 0; m < model->n_members; m++)
        if (model->members[m].status != DDMD_OK)
            return ddmd_error_set(err, model->members[m].status, "%s",
                                  model->members[m].err.message);
    for (int m = 0; m < model->n_members; m++) {
        sum->reconstruction += model->members[m].sum.reconstruction;
        sum->kl += model->members[m].sum.kl;
    }
    return DDMD_OK;
}

static ddmd_cvae_network *network_for(const ddmd_cvae_member *me, enum ddmd_cvae_pass pass)
{
    return pass == DDMD_CVAE_ENCODE ? me->embedding : me->network;
}

/* Networks are set up one after the other, on the caller's thread; see network.h. */
typedef struct preparation {
    const ddmd_cvae *model;
    enum ddmd_cvae_pass pass;
    enum ddmd_status status;
    ddmd_error *err;
} preparation;

static void prepare_members(void *user, int number)
{
    (void)number;
    preparation *p = user;
    for (int m = 0; m < p->model->n_members && p->status == DDMD_OK; m++)
        p->status =
            ddmd_cvae_network_prepare(network_for(&p->model->members[m], p->pass), p->pass, p->err);
}

enum ddmd_status ddmd_cvae_prepare_pass(const ddmd_cvae *model, enum ddmd_cvae_pass pass,
                                        ddmd_error *err)
{
    preparation p = {model, pass, DDMD_OK, err};
    ddmd_members_run(1, prepare_members, &p);
    return p.status;
}

typedef struct pass {
    const ddmd_cvae *model;
    ddmd_cvae_selection maps;
    float *latent; /* NULL: losses are wanted */
} pass;

static void pass_member(void *user, int number)
{
    const pass *p = user;
    ddmd_cvae_member *me = &p->model->members[number];
    ddmd_cvae_network *network = network_for(me, p->latent ? DDMD_CVAE_ENCODE : DDMD_CVAE_LOSS);
    const float *weights = p->model->state.weights;
    size_t dim = (size_t)p->model->architecture.latent_dim;
    ddmd_cvae_share mine = ddmd_cvae_share_of(p->model, 0, p->maps.n, number);
    int n = 0;
    me->status = DDMD_OK;
    me->sum = (ddmd_model_loss){0, 0};
    for (size_t first = mine.next;
         me->status == DDMD_OK &&
         (n = ddmd_cvae_next_piece(p->model, me, network, &p->maps, &mine)) > 0;
         first = mine.next) {
        ddmd_model_loss sum = {0, 0};
        if (p->latent)
            me->status =
                ddmd_cvae_network_encode(network, weights, n, p->latent + first * dim, &me->err);
        else
            me->status = ddmd_cvae_network_loss(network, weights, n, &sum, &me->err);
        me->sum.reconstruction += sum.reconstruction;
        me->sum.kl += sum.kl;
    }
}

enum ddmd_status ddmd_cvae_run_pass(const ddmd_cvae *model, const ddmd_cvae_selection *maps,
                                    float *latent, ddmd_model_loss *mean, ddmd_error *err)
{
    ddmd_model_loss sum = {0, 0};
    pass p = {.model = model, .maps = *maps, .latent = latent};
    enum ddmd_status status = DDMD_OK;
    DDMD_TRY(ddmd_cvae_prepare_pass(model, latent ? DDMD_CVAE_ENCODE : DDMD_CVAE_LOSS, err));
    ddmd_members_run(model->n_members, pass_member, &p);
    DDMD_TRY(ddmd_cvae_gather(model, &sum, err));
    if (mean)
        *mean = (ddmd_model_loss){sum.reconstruction / (double)maps->n, sum.kl / (double)maps->n};
out:
    return status;
}

// What is asked of a guest's pairs, in as many questions as it takes.

using System.Globalization;
using VmBus.Integration;

namespace VmBus.Tool;

/// <summary>Asks a guest about its pairs by whatever carries a question there and brings the answer.</summary>
/// <param name="ask">Asks one question.</param>
internal sealed class KvpQuestions(Func<KvpRequest, Task<KvpAnswer>> ask)
{
    // A guest that never says that there are no more is not believed.
    private const uint MostPairs = 4096;

    /// <summary>Carries out what stands behind <c>kvp</c>.</summary>
    /// <returns>What to tell; <see langword="null"/> when the words are not understood.</returns>
    public Task<string>? Answer(string[] words) => words switch
    {
        ["set", var key, var value] => TellAsync(KvpRequest.Set(IcKvpPool.External, key, KvpValue.Of(value))),
        ["get", var key] => GetAsync(key),
        ["delete", var key] => TellAsync(KvpRequest.Delete(IcKvpPool.External, key)),
        ["addresses", var adapter] => AddressesAsync(adapter),
        ["list"] => ListAsync(IcKvpPool.External),
        ["list", var name] when PoolCalled(name) is { } pool => ListAsync(pool),
        _ => null,
    };

    private static IcKvpPool? PoolCalled(string name) => name switch
    {
        "external" => IcKvpPool.External,
        "guest" => IcKvpPool.Guest,
        "auto" => IcKvpPool.Auto,
        _ => null,
    };

    private async Task<string> TellAsync(KvpRequest question)
    {
        KvpAnswer answer = await ask(question).ConfigureAwait(false);
        return answer.Status == IcStatus.Success ? "done" : Refused(answer);
    }

    // The kernel tells hv_kvp_daemon a length of 0 with the key, and the daemon copies as many bytes of the value: its answer is
    // always empty. An enumeration brings values whole.
    private async Task<string> GetAsync(string key)
    {
        KvpAnswer answer = await ask(KvpRequest.Get(IcKvpPool.External, key)).ConfigureAwait(false);
        if (answer.Status != IcStatus.Success)
            return Refused(answer);
        if (answer.Value.ToString().Length == 0)
        {
            (List<(string Key, string Value)> pairs, _) = await ReadAsync(IcKvpPool.External).ConfigureAwait(false);
            if (pairs.Find(pair => pair.Key == key) is { Key: not null } pair)
                return $"{key} = {Plain(pair.Value)}";
        }
        return $"{key} = {Plain(answer.Value.ToString())}";
    }

    // hv_kvp_daemon looks for the MAC address in sysfs, made upper case, and compares letter by letter.
    private async Task<string> AddressesAsync(string adapter)
    {
        KvpAnswer answer = await ask(KvpRequest.GetAddresses(adapter.ToUpperInvariant().Replace('-', ':'), IcKvpAddressFamily.None)).ConfigureAwait(false);
        if (answer is not { Status: IcStatus.Success, Addresses: { } found })
            return Refused(answer);
        return string.Join(", ", new[] { found.Addresses, found.Subnets, found.Gateways, found.DnsServers }.Select(Told));

        static string Told(string text) => text.Length == 0 ? "none" : Plain(text);
    }

    private async Task<string> ListAsync(IcKvpPool pool)
    {
        (List<(string Key, string Value)> pairs, KvpAnswer? refusal) = await ReadAsync(pool).ConfigureAwait(false);
        if (refusal is { } answer)
            return Refused(answer);
        return pairs.Count == 0 ? "no pairs" : $"{pairs.Count} pairs{string.Concat(pairs.Select(pair => $"\n{Plain(pair.Key)} = {Plain(pair.Value)}"))}";
    }

    private async Task<(List<(string Key, string Value)> Pairs, KvpAnswer? Refusal)> ReadAsync(IcKvpPool pool)
    {
        List<(string Key, string Value)> pairs = [];
        for (uint index = 0; index < MostPairs; index++)
        {
            KvpAnswer answer = await ask(KvpRequest.Enumerate(pool, index)).ConfigureAwait(false);
            if (answer.Status == IcStatus.NoMoreItems)
                break;
            if (answer.Status != IcStatus.Success)
                return (pairs, answer);
            pairs.Add((answer.Key ?? "", answer.Value.ToString()));
        }
        return (pairs, null);
    }

    // The guest's text goes between the host's lines, and to a terminal.
    private static string Plain(string text) => text.Any(char.IsControl)
        ? string.Concat(text.Select(one => char.IsControl(one) ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)one:x4}") : one.ToString()))
        : text;

    private static string Refused(KvpAnswer answer) => $"the guest answered {answer.Status}";
}

// The machine's log: the guest's lines and the host's, in the order in which they were written, each behind the window of its guest.

using System.Text.Json;
using System.Text.RegularExpressions;
using VmBus.Switch.Guest;
using VmBus.Tool;

namespace VmBus.Switch;

/// <summary>Reads figures from a log.</summary>
internal sealed partial class SwitchLog
{
    private readonly Dictionary<string, GuestLog> _guests = [];

    /// <summary>Reads a log.</summary>
    /// <returns>A run for each guest, in their order.</returns>
    /// <exception cref="FormatException">Something is missing, or the two sides do not fit together.</exception>
    public static IReadOnlyList<SwitchRun> Read(IEnumerable<string> lines)
    {
        var log = new SwitchLog();
        foreach (string line in lines)
        {
            if (Prefixed().Match(line) is { Success: true } match)
                log.Guest(match.Groups[1].Value).Take(match.Groups[2].Value);
        }

        return log._guests.Count == 0 ? throw new FormatException("the log has no guest's lines") : [.. log._guests.Values.Select(guest => guest.ToRun())];
    }

    private GuestLog Guest(string window)
    {
        if (!_guests.TryGetValue(window, out GuestLog? guest))
            _guests[window] = guest = new GuestLog(window);
        return guest;
    }

    [GeneratedRegex(@"^\[([0-9][^ \]]*)\] (.*)$")]
    private static partial Regex Prefixed();

    private sealed class GuestLog(string window)
    {
        private readonly Dictionary<(string Load, string Mode), (int Rounds, HostCounters Counted)> _counted = [];
        private readonly List<LoadResult> _results = [];
        private GuestFacts? _facts;
        private (string Load, string Mode)? _key;   // what the host's next line is about
        private bool _isAfter;
        private HostCounters? _before;

        public void Take(string line)
        {
            if (line.StartsWith(GuestLine.Before, StringComparison.Ordinal))
                Expect(line[GuestLine.Before.Length..], isAfter: false);
            else if (line.StartsWith(GuestLine.After, StringComparison.Ordinal))
                Expect(line[GuestLine.After.Length..], isAfter: true);
            else if (line.StartsWith(GuestLine.Result, StringComparison.Ordinal))
                _results.Add(Parse(line[GuestLine.Result.Length..], GuestJson.Default.LoadResult));
            else if (line.StartsWith(GuestLine.Facts, StringComparison.Ordinal))
                _facts = Parse(line[GuestLine.Facts.Length..], GuestJson.Default.GuestFacts);
            else if (_key is { } key && HostCounters.Parse(line, SwitchLoad.Of(key.Load).Device) is { } counters)
                Count(key, counters);
        }

        public SwitchRun ToRun()
        {
            TimeSpan length = Quantity.Duration("window", window, TimeSpan.FromTicks(1), TimeSpan.FromSeconds(1));
            SwitchCell[] cells = [.. _results.Select(Cell)];
            return cells.Length == 0 ? throw Missing("any result") : new SwitchRun(window, length.TotalMicroseconds, _facts ?? throw Missing("the guest's facts"), cells);
        }

        private void Expect(string words, bool isAfter)
        {
            if (words.Split(' ') is not [string load, string mode])
                throw new FormatException($"the guest of {window}: '{words}' is no load and mode");
            if (_key is not null)
                throw Missing($"the host's counters of {_key.Value.Load} {_key.Value.Mode}");
            if (isAfter && _before is null)
                throw Missing($"the host's counters before {words}");
            _key = (load, mode);
            _isAfter = isAfter;
        }

        private void Count((string, string) key, HostCounters counters)
        {
            if (_isAfter)
            {
                (int rounds, HostCounters counted) = _counted.GetValueOrDefault(key, (0, HostCounters.Zero));
                _counted[key] = (rounds + 1, counted + (counters - _before!));
            }

            _before = _isAfter ? null : counters;
            _key = null;
        }

        private SwitchCell Cell(LoadResult result)
        {
            if (!_counted.TryGetValue((result.Load, result.Mode), out (int Rounds, HostCounters Counted) there))
                throw Missing($"the host's counters of {result.Load} {result.Mode}");
            bool isByGuest = SwitchLoad.Of(result.Load).IsCountedByGuest;
            return new SwitchCell(
                result.Load, result.Mode, there.Rounds, result.Measured, result.Seconds, result.Bytes, result.QuantilesUs,
                isByGuest ? result.Requests : there.Counted.Requests, there.Counted);
        }

        private T Parse<T>(string json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) where T : class
        {
            try
            {
                return JsonSerializer.Deserialize(json, type) ?? throw new FormatException($"the guest of {window}: '{json}' is nothing");
            }
            catch (JsonException wrong)
            {
                throw new FormatException($"the guest of {window}: '{json}' is not understood: {wrong.Message}", wrong);
            }
        }

        private FormatException Missing(string what) => new($"the guest of {window}: the log lacks {what}");
    }
}

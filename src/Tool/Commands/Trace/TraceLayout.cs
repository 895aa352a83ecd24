// A conversation in lines: one a message, with its time, the time since the one before, who said it, and what. Narrow
// screens get a narrower layout; what does not fit a line is left out of it, and --verbose has all of it.

using System.Globalization;
using VmBus.Protocol;

namespace VmBus.Tool;

/// <summary>Lays a conversation out in lines. Remembers the message before.</summary>
internal sealed class TraceLayout
{
    private const int WideFrom = 100;
    private const int TimeWidth = 11;
    private const int DeltaWidth = 8;
    private const int Gap = 2;
    private const int DetailIndent = 4;
    private const int LeastText = 24;

    private readonly int _width;
    private readonly bool _isCut;
    private readonly bool _isVerbose;
    private readonly bool _isWide;
    private readonly string _right;
    private readonly string _left;
    private readonly string _more;
    private readonly MessageDescriber _describer = new();
    private readonly long[] _counts = new long[2];
    private NegotiatedVersion _negotiated;
    private TimeSpan? _last;
    private long _faults;

    /// <summary>Makes a layout.</summary>
    /// <param name="width">How many columns there are.</param>
    /// <param name="isCut">Whether a message's line may not be longer than that; lines of fields never are.</param>
    /// <param name="isVerbose">Whether each field gets a line.</param>
    /// <param name="unicode">Whether arrows may be more than ASCII.</param>
    public TraceLayout(int width, bool isCut, bool isVerbose, bool unicode)
    {
        _width = width;
        _isCut = isCut;
        _isVerbose = isVerbose;
        _isWide = width >= WideFrom || !isCut;
        (_right, _left, _more) = unicode ? ("→", "←", "…") : ("->", "<-", "...");
    }

    private int DirectionWidth => (_isWide ? "guest  host".Length : "g  h".Length) + _right.Length;

    private int NameWidth => _isWide ? 20 : 17;

    private int TextIndent => TimeWidth + 1 + DeltaWidth + Gap + DirectionWidth + Gap;

    /// <summary>The lines above the messages.</summary>
    public IEnumerable<TraceLine> Head(DateTimeOffset start)
    {
        yield return new TraceLine().Add(string.Create(CultureInfo.InvariantCulture, $"VMBus conversation recorded from {start:yyyy-MM-dd HH:mm:ss.fff} UTC"));
        yield return new TraceLine().Add(
            $"{"seconds",TimeWidth} {"since",DeltaWidth}{Blank(Gap)}{(_isWide ? "direction" : "").PadRight(DirectionWidth)}{Blank(Gap)}message", TraceTint.Quiet);
    }

    /// <summary>The lines of a message.</summary>
    public IEnumerable<TraceLine> Lines(RecordedMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        MessageDescription described = _describer.Describe(message);
        bool changed = message.Negotiated != _negotiated;
        bool toHost = message.Direction == MessageDirection.GuestToHost;
        TraceTint tint = toHost ? TraceTint.ToHost : TraceTint.ToGuest;
        string delta = _last is { } last ? $"+{Units.Duration((message.Time - last).TotalNanoseconds)}" : "";
        _negotiated = message.Negotiated;
        _last = message.Time;
        _counts[(int)message.Direction]++;
        if (described.Problem is not null)
            _faults++;
        if (changed)
        {
            foreach (string part in Wrapped(Negotiated(message.Negotiated), TextIndent))
                yield return new TraceLine().Add(Blank(TextIndent)).Add(part, TraceTint.Quiet);
        }

        string arrow = toHost ? _right : _left;
        TraceLine line = new TraceLine()
            .Add(string.Create(CultureInfo.InvariantCulture, $"{message.Time.Ticks / (decimal)TimeSpan.TicksPerSecond,TimeWidth:0.000000} {delta,DeltaWidth}{Blank(Gap)}"), TraceTint.Quiet)
            .Add((_isWide ? $"guest {arrow} host" : $"g {arrow} h") + Blank(Gap), tint)
            .Add(described.Name, tint);
        string said = Said(described, line.Width);
        if (said.Length > 0)
            line.Add(Blank(Math.Max(Gap, NameWidth + Gap - described.Name.Length))).Add(said);
        string problem = described.Problem is { } wrong ? $"! {wrong}" : "";
        bool isBeside = problem.Length > 0 && (!_isCut || line.Width + Gap + problem.Length <= _width);
        yield return isBeside ? line.Add(Blank(Gap)).Add(problem, TraceTint.Problem) : line;
        if (problem.Length > 0 && !isBeside)
        {
            foreach (string part in Wrapped(problem, TextIndent))
                yield return new TraceLine().Add(Blank(TextIndent)).Add(part, TraceTint.Problem);
        }

        if (_isVerbose)
        {
            foreach (TraceLine detail in Details(described))
                yield return detail;
        }
    }

    /// <summary>The lines below the messages.</summary>
    /// <param name="leftover">How many bytes of a record that is not whole there were behind them.</param>
    /// <param name="isAtLimit">Whether the recording reached its greatest length.</param>
    public IEnumerable<TraceLine> Foot(int leftover, bool isAtLimit)
    {
        long toGuest = _counts[(int)MessageDirection.HostToGuest], toHost = _counts[(int)MessageDirection.GuestToHost];
        string time = _last is { } last ? $" in {Units.Duration(last.TotalNanoseconds)}" : "";
        TraceLine line = new TraceLine().Add($"{toHost + toGuest} messages{time}: {toHost} of the guest, {toGuest} of the host");
        yield return _faults == 0 ? line : line.Add($", {_faults} with something wrong", TraceTint.Problem);
        if (leftover > 0)
            yield return new TraceLine().Add($"The recording is cut: {leftover} bytes of one more record.", TraceTint.Problem);
        if (isAtLimit)
            yield return new TraceLine().Add("The recording reached its maximum length here: later messages are not in it.", TraceTint.Problem);
    }

    private string Negotiated(NegotiatedVersion negotiated)
    {
        if (!negotiated.IsNegotiated)
            return "no version negotiated from here";
        string features = negotiated.Features == 0 ? "no features" : _isVerbose ? $"features {negotiated.Features}" : $"features 0x{(uint)negotiated.Features:X}";
        return $"version {negotiated.Version} from here, {features}";
    }

    // As many words as fit beside the name.
    private string Said(MessageDescription described, int used)
    {
        string[] briefs = [.. described.Briefs];
        string all = string.Join(", ", briefs);
        int room = _width - used - Math.Max(Gap, NameWidth + Gap - described.Name.Length);
        if (!_isCut || all.Length <= room)
            return all;
        for (int count = briefs.Length - 1; count > 0; count--)
        {
            string some = string.Join(", ", briefs[..count]) + $", {_more}";
            if (some.Length <= room)
                return some;
        }

        return room >= _more.Length ? _more : "";
    }

    private IEnumerable<TraceLine> Details(MessageDescription described)
    {
        const string Whole = "message";
        int names = described.Fields.Select(field => field.Name.Length).Append(Whole.Length).Max();
        int indent = DetailIndent + names + Gap;
        MessageField whole = new(Whole, $"{(described.LinuxName is { } linux ? $"{linux}, " : "")}{described.Length} bytes");
        foreach (MessageField field in described.Fields.Prepend(whole))
        {
            string name = field.Name.PadRight(names);
            foreach (string part in Wrapped(field.Text, indent))
            {
                yield return new TraceLine().Add(Blank(DetailIndent)).Add(name, TraceTint.Quiet).Add(Blank(Gap)).Add(part);
                name = Blank(names);
            }
        }
    }

    // Between words where there are any, so that no line is wider than the screen.
    private IEnumerable<string> Wrapped(string text, int indent)
    {
        int room = Math.Max(_width - indent, LeastText);
        while (text.Length > room)
        {
            int end = text.LastIndexOf(' ', room);
            int cut = end > 0 ? end : room;
            yield return text[..cut];
            text = text[cut..].TrimStart();
        }

        yield return text;
    }

    private static string Blank(int count) => new(' ', count);
}

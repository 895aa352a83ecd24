// The diagnostic port of a .NET process: an event pipe that the provider System.Diagnostics.Metrics sends the meter through.

using System.Diagnostics.Tracing;
using System.Globalization;
using System.Threading.Channels;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;

namespace VmBus.Tool;

/// <summary>Follows the meter "VmBus" of another process. Used by one thread.</summary>
internal sealed class ProcessMeterSession : IDisposable
{
    private const string MetricsProvider = "System.Diagnostics.Metrics";
    private const long TimeSeriesValues = 2;
    private const int MostTimeSeries = 100_000;
    private const int BufferMegabytes = 16;

    private readonly EventPipeSession _session;
    private readonly Channel<ProcessReading> _readings = Channel.CreateUnbounded<ProcessReading>(new() { SingleReader = true, SingleWriter = true });
    private readonly ProcessMeters _meters = new();
    private readonly Thread _pump;

    private ProcessMeterSession(EventPipeSession session)
    {
        _session = session;
        _pump = new Thread(Pump) { IsBackground = true, Name = "meter" };
        _pump.Start();
    }

    /// <summary>What each collection found; ends with the process.</summary>
    public ChannelReader<ProcessReading> Readings => _readings.Reader;

    /// <summary>Begins to follow a process.</summary>
    /// <param name="process">Its number.</param>
    /// <param name="interval">The time between collections.</param>
    /// <exception cref="ToolException">The process is not there, or is none whose meter can be read.</exception>
    public static ProcessMeterSession Open(int process, TimeSpan interval)
    {
        var provider = new EventPipeProvider(MetricsProvider, EventLevel.Informational, TimeSeriesValues, new Dictionary<string, string>
        {
            ["SessionId"] = Guid.NewGuid().ToString(),
            ["Metrics"] = "VmBus",
            ["RefreshInterval"] = interval.TotalSeconds.ToString(CultureInfo.InvariantCulture),
            ["MaxTimeSeries"] = MostTimeSeries.ToString(CultureInfo.InvariantCulture),
            ["MaxHistograms"] = "1",
        });
        try
        {
            return new ProcessMeterSession(new DiagnosticsClient(process).StartEventPipeSession(provider, requestRundown: false, BufferMegabytes));
        }
        catch (Exception failure) when (failure is DiagnosticsClientException or IOException or UnauthorizedAccessException or TimeoutException or System.Net.Sockets.SocketException)
        {
            // The first sentence; those behind it are about containers.
            string reason = failure.Message.Split(". ")[0].TrimEnd('.');
            throw new ToolException($"""
                Process {process} does not let its metrics be read: {reason}.
                It must be a running .NET program of the same user (or run this as root), with the same TMPDIR, and without DOTNET_EnableDiagnostics=0.
                """, failure);
        }
    }

    /// <summary>Finds a process by its number or name.</summary>
    /// <param name="text">A number; or the name of a program that runs once.</param>
    /// <exception cref="ToolException">There is none of that name, or more than one.</exception>
    public static int Find(string text)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0)
            return number;
        List<int> found = [];
        foreach (int candidate in DiagnosticsClient.GetPublishedProcesses().Where(candidate => candidate != Environment.ProcessId))
        {
            try
            {
                using var process = System.Diagnostics.Process.GetProcessById(candidate);
                if (process.ProcessName == text)
                    found.Add(candidate);
            }
            catch (Exception ended) when (ended is ArgumentException or InvalidOperationException)
            {
                // It ended since it was listed: it is none of those that run.
            }
        }
        return found switch
        {
            [int only] => only,
            [] => throw new ToolException($"No .NET process of the name {text} runs here. (One started as 'dotnet {text}.dll' is called dotnet: give its number.)"),
            _ => throw new ToolException($"{found.Count} .NET processes have the name {text}: {string.Join(", ", found.Order())}. Give a number."),
        };
    }

    /// <summary>Ends the session. Beside a process that is gone already, too.</summary>
    public void Dispose()
    {
        try
        {
            _session.Stop();
        }
        catch (Exception gone) when (gone is ServerNotAvailableException or DiagnosticsClientException or IOException or TimeoutException)
        {
            // The process has ended: so has its session.
        }
        _session.Dispose();
        _pump.Join();
    }

    private void Pump()
    {
        Exception? failure = null;
        try
        {
            using var source = new EventPipeEventSource(_session.EventStream);
            source.Dynamic.AddCallbackForProviderEvents(
                static (provider, _) => provider == MetricsProvider ? EventFilterResponse.AcceptEvent : EventFilterResponse.RejectProvider, On);
            source.Process();
        }
        catch (Exception ended)
        {
            failure = ended is IOException or ObjectDisposedException or FormatException ? null : ended;
        }
        _readings.Writer.TryComplete(failure);
    }

    private void On(TraceEvent happened)
    {
        switch (happened.EventName)
        {
            case "CounterRateValuePublished" or "UpDownCounterRateValuePublished":
                if (double.TryParse((string)happened.PayloadByName("value"), NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
                    _meters.Add((string)happened.PayloadByName("instrumentName"), (string)happened.PayloadByName("tags"), value);
                break;
            case "Collection/Stop":
                _readings.Writer.TryWrite(_meters.Finish(((DateTime)happened.PayloadByName("intervalEndTime")).ToUniversalTime()));
                break;
            case "MultipleSessionsConfiguredIncorrectlyError" or "Error":
                throw new ToolException($"The process cannot publish its metrics: {happened.FormattedMessage ?? happened.EventName}");
        }
    }
}

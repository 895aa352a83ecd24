using System.Globalization;
using System.Text;

namespace VmBus.SystemTest;

/// <summary>
/// The host's control connection (QMP), which the machine leads to this guest's second serial port: so that the test can
/// ask the host to act, and what it has understood.
/// </summary>
internal sealed class HostMonitor : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(300);

    private readonly FileStream _port;
    private readonly StreamReader _lines;

    public HostMonitor()
    {
        Steps.Run("stty", "-F", "/dev/ttyS1", "raw", "-echo");
        _port = new FileStream("/dev/ttyS1", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        _lines = new StreamReader(_port, Encoding.UTF8);
        Execute("\"qmp_capabilities\"");
    }

    /// <summary>Gives a command, and reads up to its answer. Events that come in between are left aside.</summary>
    public string Execute(string command)
    {
        _port.Write(Encoding.UTF8.GetBytes($"{{\"execute\":{command}}}\n"));
        while (true)
        {
            Task<string?> read = _lines.ReadLineAsync();
            if (!read.Wait(Patience))
                throw new FailedException($"the host does not answer {command}");
            string line = read.Result ?? throw new FailedException("the host closed its control connection");
            if (line.Contains("\"return\"", StringComparison.Ordinal))
                return line;
            if (line.Contains("\"error\"", StringComparison.Ordinal))
                throw new FailedException($"the host refused {command}: {line}");
        }
    }

    /// <summary>A number in an answer.</summary>
    public static ulong Number(string answer, string name)
    {
        int at = answer.IndexOf($"\"{name}\": ", StringComparison.Ordinal);
        if (at < 0)
            throw new FailedException($"no {name} in {answer}");
        string rest = answer[(at + name.Length + 4)..];
        return ulong.Parse(rest[..rest.IndexOfAny([',', '}'])], CultureInfo.InvariantCulture);
    }

    public void Dispose() => _lines.Dispose();
}

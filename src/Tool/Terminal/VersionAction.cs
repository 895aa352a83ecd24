using System.CommandLine;
using System.CommandLine.Invocation;

namespace VmBus.Tool;

/// <summary><c>vmbus --version</c>: the name and the version, on one line.</summary>
internal sealed class VersionAction : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        parseResult.InvocationConfiguration.Output.WriteLine($"vmbus {VmBusCommand.Version}");
        return ExitCode.Success;
    }
}

// vmbus kvp: the pairs that this guest and its host exchange.

using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using VmBus.Integration;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>The <c>kvp</c> command.</summary>
internal sealed class KvpCommand
{
    /// <summary>Examples for the help.</summary>
    public const string Examples = """
        Pools:
          external (0)       from the host to the guest        auto-external (3)  what the host says about itself
          guest (1)          from the guest to the host        auto-internal (4)  private to the guest
          auto (2)           what the guest says about itself
          They are files in /var/lib/hyperv. hv_kvp_daemon and cloud-init use them too: this command takes the locks of both.

        Examples:
          vmbus kvp list                                 all pairs
          vmbus kvp get HostName                         one value; from a pool: --pool auto-external
          vmbus kvp set state ready                      for the host to read: in the pool guest
          vmbus kvp delete state
          vmbus kvp watch --json                         one line a change, until Ctrl-C
          vmbus kvp list --events                        what cloud-init and azure-init reported
          vmbus kvp event app/start "it runs" --type finish --result SUCCESS
          vmbus kvp --serve                              answer the host, in place of hv_kvp_daemon

        Exit codes: 1 when the key does not exist; 130 after Ctrl-C, 143 after SIGTERM.
        """;

    private readonly Terminal _terminal;
    private readonly Engines _engines;
    private readonly Option<bool> _serve = new("--serve") { Description = "Answer the host in place of hv_kvp_daemon, until Ctrl-C. Needs root." };
#pragma warning disable CA1416 // Constants.
    private readonly Option<string> _directory = new("--dir") { Description = "The folder of the pool files.", HelpName = "DIR", DefaultValueFactory = _ => KvpPoolFiles.DefaultDirectory, Recursive = true };
    private readonly Option<string> _device = new("--device") { Description = "With --serve: the device of hv_utils.", HelpName = "PATH", DefaultValueFactory = _ => KvpDaemon.DefaultPath };
#pragma warning restore CA1416
    private readonly Option<bool> _json = new("--json") { Description = "Write JSON: a document, or with watch a line for each change." };
    private readonly Option<string?> _pool = Pool("The pool; all by default.");
    private readonly Option<string?> _ownPool = Pool("The pool; guest by default.");
    private readonly Option<bool> _events = new("--events") { Description = "Show only the events of cloud-init and azure-init, joined and decoded." };
    private readonly Option<string> _interval = new("--interval") { Description = "How often to look: seconds, or a number with ms or s.", HelpName = "TIME", DefaultValueFactory = _ => "1" };
    private readonly Argument<string> _key = new("KEY") { Description = "The key." };
    private readonly Argument<string> _value = new("VALUE") { Description = "The value." };
    private readonly Argument<string> _name = new("NAME") { Description = "What the event is about, such as modules-final/app." };
    private readonly Argument<string> _message = new("MESSAGE") { Description = "The text of the event, of any length.", DefaultValueFactory = _ => "" };
    private readonly Option<string> _type = new("--type") { Description = "start, finish, diagnostic or another; with --agent a level, such as INFO.", HelpName = "TYPE", DefaultValueFactory = _ => "diagnostic" };
    private readonly Option<string?> _result = new("--result") { Description = "Of an end: SUCCESS, WARN or FAIL.", HelpName = "RESULT" };
    private readonly Option<string?> _agent = new("--agent") { Description = "Write as azure-init does, with this in front of the key, such as my-agent-1.0.", HelpName = "NAME" };
    private readonly Option<Guid?> _vm = new("--vm-id") { Description = "The VM's id; by default the firmware's, which needs root.", HelpName = "GUID" };

    /// <summary>Makes the command.</summary>
    public KvpCommand(Terminal terminal, Engines engines)
    {
        _terminal = terminal;
        _engines = engines;
        _type.CompletionSources.Add("start", "finish", "diagnostic", "INFO", "WARN", "ERROR", "DEBUG");
        _result.CompletionSources.Add("SUCCESS", "WARN", "FAIL");
        Command = new Command("kvp", "Read and change the key-value pairs that this Linux guest and its host exchange, or serve them.") { _serve, _device, _directory };
        Command.SetAction(ServeAsync);
        Add(new("list", "List pairs.") { _pool, _events, _json }, List);
        Add(new("get", "Print the value of a key: of the first pool that has it.") { _key, _pool }, Get);
        Add(new("set", "Set a pair.") { _key, _value, _ownPool }, (line, storage) => storage.Set(One(line.GetValue(_ownPool)), line.GetValue(_key)!, line.GetValue(_value)!));
        Add(new("delete", "Delete a pair.") { _key, _ownPool }, (line, storage) => storage.Delete(One(line.GetValue(_ownPool)), line.GetValue(_key)!));
        Add(new("event", "Report an event to the host, as cloud-init or azure-init does.") { _name, _message, _type, _result, _agent, _vm, _ownPool }, Report);
        Command watch = new("watch", "Print pairs as they are set and deleted, until Ctrl-C.") { _pool, _interval, _json };
        watch.SetAction(WatchAsync);
        Command.Add(watch);
    }

    /// <summary>The command with its options and action.</summary>
    public Command Command { get; }

    private static Option<string?> Pool(string description)
    {
        Option<string?> pool = new("--pool") { Description = description, HelpName = "POOL" };
        pool.CompletionSources.Add([.. KvpPools.All.Select(KvpPools.Name)]);
        return pool;
    }

    private void Add(Command command, Action<ParseResult, KvpStorage> act)
    {
        command.SetAction(line =>
        {
            act(line, new KvpStorage(line.GetValue(_directory)!));
            _terminal.Out.Flush();
            return ExitCode.Success;
        });
        Command.Add(command);
    }

    private IcKvpPool One(string? pool) => pool is null ? IcKvpPool.Guest : KvpPools.Parse(_ownPool.Name, pool);

    private IReadOnlyList<IcKvpPool> Some(string? pool) => pool is null ? KvpPools.All : [KvpPools.Parse(_pool.Name, pool)];

    private void List(ParseResult line, KvpStorage storage)
    {
        IReadOnlyList<KvpPair> pairs = storage.Read(Some(line.GetValue(_pool)));
        if (!line.GetValue(_events))
        {
            Write(KvpDocument.From(storage.Directory, pairs, VmBusCommand.Version), line, writer => KvpText.Write(writer, storage.Directory, pairs));
            return;
        }

        IReadOnlyList<KvpEvent> events = [.. pairs.GroupBy(static pair => pair.Pool).SelectMany(static pool => KvpEventReader.Read(pool.Select(static pair => (pair.Key, pair.Value))))];
        Write(KvpDocument.From(storage.Directory, events, VmBusCommand.Version), line, writer => KvpText.Write(writer, storage.Directory, events));
    }

    private void Write(KvpDocument document, ParseResult line, Action<TextWriter> write)
    {
        if (line.GetValue(_json))
            _terminal.Out.WriteLine(JsonSerializer.Serialize(document, ToolJson.IndentedAscii.KvpDocument));
        else
            write(_terminal.Out);
    }

    private void Get(ParseResult line, KvpStorage storage)
    {
        string key = line.GetValue(_key)!;
        string? pool = line.GetValue(_pool);
        string value = storage.Read(Some(pool)).FirstOrDefault(pair => pair.Key == key)?.Value
            ?? throw storage.Missing(key, pool is null ? null : KvpPools.Parse(_pool.Name, pool));

        // A program gets it as it is. A terminal would obey what is in it.
        _terminal.Out.WriteLine(_terminal.OutConsole is null ? value : OneLine.Of(value));
    }

    private void Report(ParseResult line, KvpStorage storage)
    {
        KvpGuestIdentity guest = new();
        string? agent = line.GetValue(_agent);
        KvpEvent one = new()
        {
            Agent = agent ?? KvpEventWriter.CloudInit,
            Incarnation = agent is null ? guest.Incarnation() : null,
            VmId = line.GetValue(_vm) ?? guest.VmId() ?? Guid.Empty,
            Type = agent is not null && line.GetResult(_type) is { Implicit: true } ? "INFO" : line.GetValue(_type)!,
            Name = line.GetValue(_name)!,
            Id = Guid.NewGuid().ToString("D"),
            Time = _engines.Clock.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'+00:00'", CultureInfo.InvariantCulture),
            Result = line.GetValue(_result),
            Message = line.GetValue(_message)!,
        };
        if (agent == KvpEventWriter.CloudInit || agent == KvpEventWriter.CloudInitPrefix)
            throw new UsageException($"{_agent.Name} {agent}: leave it out to write as cloud-init does");
        if (agent is not null && one.Result is not null)
            throw new UsageException($"{_result.Name} is cloud-init's: azure-init's events have none");
        IReadOnlyList<(string Key, string Value)> pairs = KvpEventWriter.Write(one);
        storage.Append(One(line.GetValue(_ownPool)), pairs);
        _terminal.Out.WriteLine(pairs[0].Key);
    }

    private async Task<int> WatchAsync(ParseResult line, CancellationToken cancellationToken)
    {
        TimeSpan interval = Quantity.Interval(_interval.Name, line.GetValue(_interval)!, TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1));
        KvpStorage storage = new(line.GetValue(_directory)!);
        bool json = line.GetValue(_json);
        IReadOnlyList<IcKvpPool> pools = Some(line.GetValue(_pool));
        _terminal.Error.WriteLine($"vmbus: looks at {storage.Directory} every {Units.Duration(interval.TotalNanoseconds)}; Ctrl-C ends it");
        try
        {
            await new KvpWatch(storage, pools, interval, _engines.Clock).RunAsync(
                change =>
                {
                    _terminal.Out.WriteLine(json ? change.Json() : change.Text());
                    _terminal.Out.Flush();
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // How the command ends.
        }

        return ExitCode.Success;
    }

    private async Task<int> ServeAsync(ParseResult line, CancellationToken cancellationToken)
    {
        if (!line.GetValue(_serve))
            throw new UsageException($"give one of {string.Join(", ", Command.Subcommands.Select(static one => one.Name))}, or {_serve.Name} (see 'vmbus kvp --help')");
        if (!OperatingSystem.IsLinux())
            throw new ToolException("serving pairs needs a Linux guest, and this is not Linux");
        return await new KvpServer(_terminal, _engines).RunAsync(line.GetValue(_directory)!, line.GetValue(_device)!, cancellationToken).ConfigureAwait(false);
    }
}

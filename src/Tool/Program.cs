using System.Runtime.CompilerServices;
using VmBus.Tool;

if (OpenFiles.TooFew() is { } few)
{
    OpenFiles.Tell(few);
    return ExitCode.Failed;
}

return Run(args);

// Apart, so that nothing of it is loaded before.
[MethodImpl(MethodImplOptions.NoInlining)]
static int Run(string[] args) => Product.RunAsync(args, Engines.Product).GetAwaiter().GetResult();
